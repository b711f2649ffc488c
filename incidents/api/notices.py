"""What the bell tells, for programs that speak for a person."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person_of
from accounts.choices import Permission
from accounts.once import once
from common.api_lists import ABOUT_KEYS, following, limit_of, one_of
from common.bodies import LARGEST_ID
from common.endpoints import Endpoint
from common.shapes import (
    answer,
    list_of,
    looked_up,
    number,
    or_null,
    sent,
    text,
    word_of,
)
from incidents.commands.looking import read_notices
from incidents.queries.notices import unread_count
from incidents.queries.plain_notices import plain_notices
from incidents.shapes import NOTICE

WHOSE = "Notices"


class NoticesView(Endpoint):
    """One's own notices, the newest first; `unread=yes` leaves out what was read. `unread` of the answer counts, up
    to a hundred, the incidents that something unread is about."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {
        "GET": {
            "unread": word_of(("yes", "no", ""), "yes: without those that were read."),
            "after": looked_up(ABOUT_KEYS["after"]),
            "limit": ABOUT_KEYS["limit"],
        }
    }
    gives = {"GET": answer("Notices", notices=list_of(NOTICE), next=or_null(text()), unread=number())}

    def get(self, request: Request) -> Response:
        """List one's notices."""
        query, user = request.query_params, person_of(request, WHOSE)
        word, after = one_of(query, "unread") or "no", one_of(query, "after")
        if word not in ("yes", "no"):
            raise ValidationError({"unread": [f"“{word[:60]}” is unknown; write yes or no."]})
        if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
            raise ValidationError({"after": ["The link to this page is damaged; start from the first."]})
        rows, rest = plain_notices(
            user, before=int(after) if after else None, only_unread=word == "yes", size=limit_of(query)
        )
        answer = {"notices": rows, "next": following(request, str(rest) if rest else "")}
        return Response(answer | {"unread": unread_count(user)})


class ReadNoticesView(Endpoint):
    """Mark one's notices as read: those of `{"incident": 42}` (0 for what concerns the system), or all. Answers
    `{"unread": 3}`, of how many incidents something is still unread."""

    needs = {"POST": Permission.SEE_INCIDENTS}
    takes = {"POST": sent(incident=number("0 for what concerns the system"))}
    gives = {"POST": answer("Unread", unread=number())}

    def post(self, request: Request) -> HttpResponse:
        """Mark notices as read."""
        user = person_of(request, WHOSE)
        with self.body(request) as body:
            number = body.integer("incident", 0, LARGEST_ID)

        def act() -> Response:
            read_notices(user, None if number is None else [number])
            return Response({"unread": unread_count(user)})

        return once(request, act)
