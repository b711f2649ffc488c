"""Alerts within their incidents, for programs. Managing an alert changes its incident, so it stands on this floor."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Principal
from accounts.once import once
from alerts.api import AlertDetailView, alert_or_404, alerts_answer
from alerts.choices import AlertStatus, Classification, Determination
from alerts.filters.alert_filter import AlertFilter
from alerts.models import Alert
from alerts.queries import queue
from alerts.shapes import ALERT, ALERT_CHANGED
from common.api_lists import listed, listing
from common.bodies import LONG, Body
from common.endpoints import Endpoint
from common.preconditions import based_on, seen_of
from common.shapes import (
    answer,
    changes,
    choice,
    ident,
    list_of,
    looked_up,
    needed,
    or_null,
    placed,
    sent,
    tagged,
    text,
    under_way,
    uuid,
)
from incidents.api.bulk import LONGEST_QUERY, SEEN, asked_by, begun, seen_moment
from incidents.api.lookup import actor_of, visible_or_404
from incidents.api.wishes import ASSIGNEE, assignee_of
from incidents.changes import AlertChanges
from incidents.choices import Outcome
from incidents.commands import manage_alerts, prepare_act, start_act
from incidents.commands.many_alerts import check_for_any_alert
from incidents.queries.bulk_alerts import preview
from incidents.shapes import ACT, PREVIEW_OF_ALERTS
from incidents.views.alerts import taken_back

SEE, EDIT, BULK = Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS, Permission.BULK_EDIT


MOST_NAMED = 1_500
"""Alerts named one by one, as incidents; more are named by a query."""
LABELS = {"Status": "status", "Assigned to": "assignee", "Classification": "classification", "Comment": "comment"}
"""What the page calls the fields of a preview → what they are called here."""

CHANGES = changes(
    status=choice(AlertStatus),
    assignee=ASSIGNEE,
    classification=choice(Classification),
    determination=looked_up(choice(Determination, "with a classification that it fits")),
    comment=text("said on the incident, in Markdown", most=LONG),
)
TARGET = sent(
    alerts=list_of(ident(), "by their numbers", most=MOST_NAMED, least=1),
    query=looked_up(text("or those of a list: the query of its address, with its defaults", most=LONGEST_QUERY)),
)
BULK_BODY = {"target": looked_up(TARGET), "changes": looked_up(CHANGES)}


class IncidentAlertsView(Endpoint):
    """The alerts of one incident, by the keys of the list of alerts but for `incident`. Without `status` and `severity`
    all come, as on the incident's page."""

    needs = {"GET": SEE, "HEAD": SEE}
    keys = {"GET": listing(AlertFilter, queue.SORTING, fixed=("incident",))}
    resource = "Alerts"
    gives = {"GET": listed("Alerts", "alerts", ALERT)}

    def get(self, request: Request, number: int) -> Response:
        """List the alerts of an incident."""
        incident = visible_or_404(number, principal_of(request))
        return Response(alerts_answer(request, fixed={"incident": str(incident.pk)}))


class AlertView(AlertDetailView):
    """One alert. PATCH changes what it names: `status`, `assignee` (null for nobody), `classification` with
    `determination`; a `comment` is said on its incident. It takes If-Match with the version of the incident, which is
    the alert's ETag, and is refused where somebody has changed the same field of the alert since. Answers the alert,
    and as `act` what takes this back (`/api/v1/alerts/undo/`)."""

    needs = AlertDetailView.needs | {"PATCH": EDIT}
    takes = {"PATCH": looked_up(CHANGES)}
    gives = AlertDetailView.gives | {"PATCH": tagged(ALERT_CHANGED)}
    versioned = ("PATCH",)

    def patch(self, request: Request, number: int) -> Response:
        """Change an alert."""
        alert = alert_or_404(request, number)
        base = based_on(seen_of(request), alert.incident.version, of_parts=True)
        with self.body(request) as body:
            changes = read_changes(body)
        batch = uuid4()
        act = manage_alerts(
            [alert.pk], changes, actor=actor_of(request), based_on={alert.incident_id: base}, batch=batch
        )
        return self.answer(request, alert_or_404(request, number), act=str(batch) if act.changed else None)


class BulkAlertsPreviewView(Endpoint):
    """What the same changes would do to many alerts, counted without doing it.

    `{"target": {"alerts": [101, 102]}, "changes": {"status": "resolved"}}`; or `{"target": {"query":
    "status=new&source=Lab"}}`, the query of the address of the list of alerts, with its defaults. `seen`, sent with the
    act, leaves alone what others change in the meantime.
    """

    needs = {"POST": BULK}
    takes = {"POST": sent(**BULK_BODY)}
    gives = {"POST": PREVIEW_OF_ALERTS}
    keyed = ()

    def post(self, request: Request) -> Response:
        """Count what changes would do to many alerts."""
        with self.body(request) as body:
            target, changes = target_of(body, principal_of(request)), changes_of(body)
        check_for_any_alert(changes)
        found = preview(target.rows, changes, chosen=target.named)
        return Response(
            {
                "total": found.total,
                "changed": found.changed,
                "unchanged": found.unchanged,
                "refused": {"not_seen_by_assignee": found.unseen},
                "missing": found.missing,
                "fields": [{"field": LABELS[label], "changed": number} for label, number in found.fields],
                "incidents_resolved": found.resolved,
                "resolved_unclassified": found.unclassified,
                "seen": found.seen,
            }
        )


class BulkAlertsView(Endpoint):
    """The same changes on many alerts, as an act: `target` and `changes` as in the preview, `seen` as it was answered,
    or left out. Which alerts it is about is fixed at once; they are changed in the background. Answers 202 with the
    act, whose `url` says how far it is."""

    needs = {"POST": BULK}
    takes = {"POST": sent(**BULK_BODY, seen=SEEN)}
    gives = {"POST": {202: under_way(placed(ACT))}}

    def post(self, request: Request) -> HttpResponse:
        """Change many alerts."""
        principal = principal_of(request)
        with self.body(request) as body:
            target, changes, seen = target_of(body, principal), changes_of(body), seen_moment(body)

        def act() -> Response:
            with transaction.atomic():
                draft = prepare_act(target.rows, principal, target.query)
                started = start_act(draft, changes, actor=actor_of(request), seen=seen)
            return begun(started, request)

        return once(request, act)


class UndoAlertsView(Endpoint):
    """Take one's own act on alerts back, where nobody has touched it since: `{"act": "95e13890-…"}`, as the change
    answered it. Answers what became of each incident, and as `act` what takes that back."""

    needs = {"POST": EDIT}
    takes = {"POST": sent(act=needed(uuid("as the change answered it")))}
    gives = {
        "POST": answer(
            "AlertsUndone",
            incidents=list_of(answer(incident=ident(), outcome=choice(Outcome), reason=or_null(text()))),
            act=or_null(uuid("what takes that back")),
        )
    }

    def post(self, request: Request) -> HttpResponse:
        """Undo what one has done to alerts."""
        with self.body(request) as body:
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


@dataclass(frozen=True, slots=True)
class Target:
    """What a bulk act is about."""

    rows: QuerySet[Alert]
    query: str
    """As the address of the list has it; empty where alerts are named."""
    named: int
    """How many are named; 0 for those that match a query."""


def target_of(body: Body, principal: Principal) -> Target:
    """The alerts that a body names, as far as the principal sees them."""
    nothing = Target(Alert.objects.none(), "", 0)
    inner = body.inside("target", None, "A target")
    if inner is None or inner.has("alerts") == inner.says("query"):
        body.fail("target", "Name either alerts by their numbers, or the query of the address of their list.")
        return nothing
    if inner.has("alerts"):
        numbers = inner.ids("alerts", MOST_NAMED, required=True)
        return Target(Alert.objects.visible_to(principal).filter(pk__in=numbers), "", len(numbers))
    wanted = asked_by(inner, lambda query: queue.asked(query, principal))
    return nothing if wanted is None else Target(wanted.matching, wanted.query.urlencode(), 0)


def changes_of(body: Body) -> AlertChanges:
    """What is to be changed of each."""
    inner = body.inside("changes", None, "What can be changed of many alerts")
    if inner is None:
        body.fail("changes", 'Say what is to be changed, such as {"status": "resolved"}.')
        return AlertChanges()
    return read_changes(inner)


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
        body.fail(body.path, f"Say what to change: {', '.join(CHANGES.names)}.")
    return changes
