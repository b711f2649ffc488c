"""Logs for programs, as files that can be verified anywhere (docs/log-format.md)."""

from __future__ import annotations

from django.http import Http404, HttpResponse, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import User
from activity.actors import Channel
from common.api import AlwaysJSON
from exports.views import log_answer
from incidents.commands.looking import record_look
from incidents.models import Incident


class SystemLogView(APIView):
    """The system's own log: people, rights, tokens, settings, exports."""

    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        return log_answer(request.method, None, principal_of(request).as_actor().through(Channel.API))


class IncidentLogView(APIView):
    """The log of one incident."""

    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request, number: int) -> HttpResponse | StreamingHttpResponse:
        principal = principal_of(request)
        incident = Incident.objects.visible_to(principal).filter(pk=min(number, 2**62)).first()
        if incident is None:
            raise Http404
        if isinstance(principal, User):
            record_look(incident, principal)
        return log_answer(request.method, incident.pk, principal.as_actor().through(Channel.API))
