"""Logs for programs, as files that can be verified anywhere (docs/log-format.md)."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.request import Request

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.endpoints import Endpoint
from exports.views.tables import log_answer
from incidents.api.lookup import visible_or_404


class SystemLogView(Endpoint):
    """The system's own log: people, rights, tokens, settings, exports."""

    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}

    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        return log_answer(request.method, None, principal_of(request).as_actor().through(Channel.API))


class IncidentLogView(Endpoint):
    """The log of one incident."""

    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}

    def get(self, request: Request, number: int) -> HttpResponse | StreamingHttpResponse:
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return log_answer(request.method, incident.pk, principal.as_actor().through(Channel.API))
