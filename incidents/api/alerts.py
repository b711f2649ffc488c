"""Alerts within their incidents, for programs. Managing an alert changes its incident, so it stands on this floor."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from alerts.api import AlertDetailView, alerts_answer
from common.endpoints import Endpoint
from incidents.api.lookup import visible_or_404


class IncidentAlertsView(Endpoint):
    """The alerts of one incident, by the keys of the list of alerts but for `incident`. Without `status` and `severity`
    all come, as on the incident's page."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}

    def get(self, request: Request, number: int) -> Response:
        incident = visible_or_404(number, principal_of(request))
        return Response(alerts_answer(request, fixed={"incident": str(incident.pk)}))


class AlertView(AlertDetailView):
    """One alert."""
