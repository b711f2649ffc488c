"""Logs for programs, as files that can be verified anywhere (docs/log-format.md)."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.request import Request

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.endpoints import Endpoint
from common.shapes import file
from exports.views.tables import log_answer
from incidents.api.lookup import visible_or_404

LOG = file("application/x-ndjson", about="A log, a line for each entry.")


class SystemLogView(Endpoint):
    """The system's own log: people, rights, tokens, settings, exports."""

    gives = {"GET": LOG}
    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}

    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        """Take the system's log out."""
        return log_answer(request.method, None, principal_of(request).as_actor().through(Channel.API))


class IncidentLogView(Endpoint):
    """The log of one incident."""

    resource = "Activity"
    gives = {"GET": LOG}
    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}

    def get(self, request: Request, number: int) -> HttpResponse | StreamingHttpResponse:
        """Take the log of an incident out."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return log_answer(request.method, incident.pk, principal.as_actor().through(Channel.API))
