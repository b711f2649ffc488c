"""Alerts within their incidents, for programs. Managing an alert changes its incident, so it stands on this floor."""

from __future__ import annotations

from uuid import uuid4

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from alerts.api import AlertDetailView, alert_or_404, alerts_answer
from alerts.choices import AlertStatus, Classification, Determination
from common.bodies import LONG, Body
from common.endpoints import Endpoint
from common.preconditions import based_on, seen_of
from incidents.api.lookup import actor_of, visible_or_404
from incidents.api.people import assignee_of
from incidents.changes import AlertChanges
from incidents.choices import Outcome
from incidents.commands import manage_alerts
from incidents.views.alerts import taken_back

SEE, EDIT, BULK = Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS, Permission.BULK_EDIT
FIELDS = ("status", "assignee", "classification", "determination", "comment")
LONGEST_LIST = 8_000
"""Characters of the address of a list."""


class IncidentAlertsView(Endpoint):
    """The alerts of one incident, by the keys of the list of alerts but for `incident`. Without `status` and `severity`
    all come, as on the incident's page."""

    needs = {"GET": SEE, "HEAD": SEE}
    keys = {"GET": None}

    def get(self, request: Request, number: int) -> Response:
        incident = visible_or_404(number, principal_of(request))
        return Response(alerts_answer(request, fixed={"incident": str(incident.pk)}))


class AlertView(AlertDetailView):
    """One alert. PATCH changes what it names: `status`, `assignee` (null for nobody), `classification` with
    `determination`; a `comment` is said on its incident. It takes If-Match with the version of the incident, which is
    the alert's ETag, and is refused where somebody has changed the same field of the alert since. Answers the alert,
    and as `act` what takes this back (`/api/v1/alerts/undo/`)."""

    needs = AlertDetailView.needs | {"PATCH": EDIT}

    def patch(self, request: Request, number: int) -> Response:
        alert = alert_or_404(request, number)
        base = based_on(seen_of(request), alert.incident.version, of_parts=True)
        with Body(request.data, FIELDS, nulls=("assignee",)) as body:
            changes = read_changes(body)
        batch = uuid4()
        act = manage_alerts(
            [alert.pk], changes, actor=actor_of(request), based_on={alert.incident_id: base}, batch=batch
        )
        return self.answer(request, alert_or_404(request, number), act=str(batch) if act.changed else None)


class UndoAlertsView(Endpoint):
    """Take one's own act on alerts back, where nobody has touched it since: `{"act": "95e13890-…"}`, as the change
    answered it. Answers what became of each incident, and as `act` what takes that back."""

    needs = {"POST": EDIT}

    def post(self, request: Request) -> HttpResponse:
        with Body(request.data, ("act",)) as body:
            act = body.uuid("act", required=True)
        principal, batch = principal_of(request), uuid4()

        def undo() -> Response:
            results = taken_back(principal, act or batch, actor_of(request), batch)
            told = [
                {"incident": number, "outcome": str(result.outcome), "reason": result.reason or None}
                for number, result in results.items()
            ]
            changed = any(result.outcome == Outcome.CHANGED for result in results.values())
            return Response({"incidents": told, "act": str(batch) if changed else None})

        return once(request, undo)


def read_changes(body: Body) -> AlertChanges:
    """What a body wants of alerts."""
    changes = AlertChanges(
        status=body.term("status", AlertStatus) if body.says("status") else None,
        assignee=assignee_of(body),
        classification=body.term("classification", Classification) if body.says("classification") else None,
        determination=body.term("determination", Determination, Determination.NOT_SET),
        comment=body.text("comment", LONG),
    )
    if body.says("determination") and not body.says("classification"):
        body.fail(body.at("determination"), "A determination stands with its classification; send both.")
    if not body.found and changes.is_empty():
        body.fail(body.path, f"Say what to change: {', '.join(FIELDS)}.")
    return changes
