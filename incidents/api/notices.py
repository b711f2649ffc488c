"""What the bell tells, for programs that speak for a person."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person_of
from accounts.choices import Permission
from common.api_lists import following, limit_of, one_of
from common.bodies import LARGEST_ID, Body
from common.endpoints import Endpoint
from incidents.commands.looking import read_notices
from incidents.queries.notices import unread_count
from incidents.queries.plain_notices import plain_notices

WHOSE = "Notices"


class NoticesView(Endpoint):
    """One's own notices, the newest first; `unread=yes` leaves out what was read. `unread` of the answer counts, up
    to a hundred, the incidents that something unread is about."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": ("unread", "after", "limit")}

    def get(self, request: Request) -> Response:
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

    def post(self, request: Request) -> Response:
        user = person_of(request, WHOSE)
        with Body(request.data, ("incident",)) as body:
            number = body.integer("incident", 0, LARGEST_ID)
        read_notices(user, None if number is None else [number])
        return Response({"unread": unread_count(user)})
