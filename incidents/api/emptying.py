"""Emptying texts of the log, for programs."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from activity.models import Entry
from common.bodies import LONG
from common.endpoints import Endpoint
from common.shapes import answer, needed, number, sent, text
from incidents.api.lookup import visible_or_404
from incidents.commands import empty_text


class EmptyTextView(Endpoint):
    """Empty the text of an entry, by its number in the incident's log, for good.

    Of a comment all versions go. Answers `{"emptied": 2}`; 409 when the entry has no text.
    """

    needs = {"POST": Permission.EMPTY_TEXTS}
    takes = {"POST": sent(reason=needed(text("for the log", most=LONG)))}
    gives = {"POST": answer(emptied=number("how many texts were"))}

    def post(self, request: Request, number: int, sequence: int) -> HttpResponse:
        """Empty a text."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        entry = Entry.objects.of_incident(incident.pk).filter(sequence=min(sequence, 2**31 - 1)).first()
        if entry is None:
            raise Http404
        with self.body(request) as body:
            reason = body.text("reason", LONG, required=True)
        actor = principal.as_actor(Channel.API)
        return once(request, lambda: Response({"emptied": empty_text(incident, entry, reason, actor=actor)}))
