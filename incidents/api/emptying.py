"""Emptying texts of the log, for programs."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from activity.models import Entry
from common.api import AlwaysJSON
from incidents.api.lookup import visible_or_404
from incidents.commands import empty_text


class EmptyTextView(APIView):
    """Empty the text of an entry, by its number in the incident's log, for good: `{"reason": "…"}`.

    Of a comment all versions go. Answers `{"emptied": 2}`; 409 when the entry has no text.
    """

    needs = {"POST": Permission.EMPTY_TEXTS}
    content_negotiation_class = AlwaysJSON

    def post(self, request: Request, number: int, sequence: int) -> Response:
        sent: Any = request.data
        reason = sent.get("reason") if isinstance(sent, dict) else None
        if not isinstance(reason, str) or not reason.strip():
            raise exceptions.ValidationError({"reason": ["Say why; it stands in the log."]})
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        entry = Entry.objects.of_incident(incident.pk).filter(sequence=min(sequence, 2**31 - 1)).first()
        if entry is None:
            raise Http404
        return Response({"emptied": empty_text(incident, entry, reason, actor=principal.as_actor(Channel.API))})
