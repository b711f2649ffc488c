"""Tags for programs."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from common.api_lists import ABOUT_KEYS, following, limit_of, one_of
from common.endpoints import Endpoint
from common.pagination import BadCursor
from common.query_strings import nearest
from common.shapes import (
    answer,
    choice,
    list_of,
    looked_up,
    or_null,
    text,
)
from incidents.choices import TagKind
from incidents.queries.plain_tags import Asked, plain_tags
from incidents.shapes import TAG_IN_USE

LONGEST_TEXT = 100


class TagsView(Endpoint):
    """The tags in use, by name, each with how many incidents have it that one may see (exact up to 1,000). `q` is a
    part of the name, `kind` one or more of custom, attack, automatic, critical, redirected."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {
        "GET": {
            "q": text("A part of the name.", most=LONGEST_TEXT),
            "kind": list_of(choice(TagKind), "Those of some kinds."),
            "after": looked_up(ABOUT_KEYS["after"]),
            "limit": ABOUT_KEYS["limit"],
        }
    }
    gives = {"GET": answer("Tags", tags=list_of(TAG_IN_USE), next=or_null(text()))}

    def get(self, request: Request) -> Response:
        """List tags in use."""
        query = request.query_params
        text = one_of(query, "q") or ""
        if len(text) > LONGEST_TEXT or "\x00" in text:
            raise ValidationError({"q": [f"Write at most {LONGEST_TEXT} characters, none of them NUL."]})
        words = query.getlist("kind")
        unknown = [word for word in words if word not in TagKind.values]
        if unknown:
            raise ValidationError({"kind": [f"“{unknown[0][:60]}” is unknown{nearest(unknown[0], TagKind.values)}"]})
        asked = Asked(text.strip(), [TagKind(word) for word in words], one_of(query, "after") or "")
        try:
            page, rows = plain_tags(principal_of(request), asked, limit_of(query))
        except BadCursor as error:
            raise ValidationError({"after": [str(error)]}) from None
        return Response({"tags": rows, "next": following(request, page.next)})
