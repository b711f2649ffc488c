"""What people do to single alerts, of one incident or of several at once; each incident's log tells of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count
from django.utils import timezone

from accounts.models import Team, User
from activity.actors import SYSTEM, Actor, Channel
from activity.models import Entry
from activity.record import Draft, record_all
from alerts import commands as alerts
from alerts.choices import AlertStatus, Classification, Determination, finding_in_words
from alerts.commands import assignee_value
from alerts.models import Alert
from alerts.verbs import ALERT_RESOLVED
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from incidents.changes import KEEP, AlertChanges
from incidents.commands.assignment import check_assignee
from incidents.commands.change import lock, lock_all
from incidents.commands.classification import check_finding
from incidents.commands.comments import add_comment
from incidents.commands.lifecycle import resolve
from incidents.commands.sight import check_named
from incidents.models import Incident

MOST_ALERTS = 500
"""Alerts in one act: it is one transaction, and its incidents stay locked until it ends."""
ALL_ALERTS_RESOLVED = "All alerts of this incident are resolved."

Leave = Mapping[str, frozenset[int]]
"""Field → alerts that keep what somebody else has made of it meanwhile."""


class AlertConflict(Conflict):
    """Fields of alerts that somebody else changed meanwhile; `alerts` says by field on which ones."""

    def __init__(self, version: int, conflicts: list[FieldConflict], on: Leave) -> None:
        super().__init__(version, conflicts)
        self.alerts = on


@dataclass(frozen=True, slots=True)
class AlertAct:
    """What an act on several alerts came to."""

    changed: int
    """Alerts that are otherwise than before."""
    unchanged: int
    comments: int = 0
    """Incidents that were commented on."""
    resolved: list[int] = field(default_factory=list)
    """Incidents whose last active alert was resolved by it."""
    alerts: frozenset[int] = frozenset()
    """Which ones are otherwise than before."""


@command
def set_alert_status(
    incident: Incident, alert_ids: Sequence[int], status: AlertStatus, *, actor: Actor, batch: UUID | None = None
) -> Incident:
    """Set the status of some of the incident's alerts. When none is left active, the incident is resolved too."""
    return _change_some(incident, alert_ids, AlertChanges(status=status), actor, batch)


@command
def assign_alerts(
    incident: Incident,
    alert_ids: Sequence[int],
    assignee: User | Team | None,
    *,
    actor: Actor,
    batch: UUID | None = None,
) -> Incident:
    """Give some of the incident's alerts to a user, a team or nobody; the incident keeps its own assignee."""
    return _change_some(incident, alert_ids, AlertChanges(assignee=assignee), actor, batch)


@command
def classify_alerts(
    incident: Incident,
    alert_ids: Sequence[int],
    classification: Classification,
    determination: Determination = Determination.NOT_SET,
    *,
    actor: Actor,
    batch: UUID | None = None,
) -> Incident:
    """Set what some of the incident's alerts were found to be; raises Refused when the two do not fit."""
    changes = AlertChanges(classification=classification, determination=determination)
    return _change_some(incident, alert_ids, changes, actor, batch)


@command
def manage_alerts(
    alert_ids: Sequence[int],
    changes: AlertChanges,
    *,
    actor: Actor,
    based_on: Mapping[int, int] | None = None,
    leave: Leave | None = None,
    once: UUID | None = None,
    batch: UUID | None = None,
) -> AlertAct:
    """The same changes on alerts of any incidents, all or none, in one batch; each incident's log tells of its own.

    The comment is added to each incident, once for each form it was typed in. `based_on` holds the versions of the
    incidents the person saw: where somebody has changed the same field of one of the alerts since, to something else,
    raises AlertConflict. `leave` names the alerts whose field stays as it is.
    """
    wanted = sorted(set(alert_ids))
    if len(wanted) > MOST_ALERTS:
        raise Refused(f"At most {MOST_ALERTS} alerts at once; these are {len(wanted)}. Choose fewer.")
    incidents = lock_all(Alert.objects.filter(pk__in=wanted).values_list("incident_id", flat=True).distinct())
    chosen = lock_alerts(wanted)
    if any(alert.incident_id not in incidents for alert in chosen):
        raise Refused("One of these alerts was moved to another incident this moment; look again, then save again.")
    if based_on is not None:
        _check_conflicts(incidents, chosen, changes, based_on, leave or {})
    if len(chosen) > 1:
        actor = actor.through(Channel.BULK)
    act = carry_out(incidents, chosen, changes, actor, batch or uuid4(), leave or {})
    if changes.comment.strip():
        for incident in incidents.values():
            add_comment(incident, changes.comment, actor=actor, once=once)
        act = replace(act, comments=len(incidents))
    return act


def _change_some(
    incident: Incident, alert_ids: Sequence[int], changes: AlertChanges, actor: Actor, batch: UUID | None
) -> Incident:
    """Change those of the alerts that are the incident's own."""
    incident = lock(incident)
    chosen = lock_alerts(alert_ids, incident.pk)
    act = carry_out({incident.pk: incident}, chosen, changes, actor, batch or uuid4(), {})
    return lock(incident) if act.resolved else incident


def lock_alerts(alert_ids: Iterable[int], incident_id: int | None = None) -> list[Alert]:
    """The alerts as they are now, held until the transaction ends; their incidents are locked already."""
    rows = Alert.objects.filter(pk__in=list(alert_ids))
    if incident_id is not None:
        rows = rows.of_incident(incident_id)
    return list(rows.select_related("assignee_user", "assignee_team").order_by("pk").select_for_update(of=("self",)))


def carry_out(
    incidents: Mapping[int, Incident],
    chosen: Sequence[Alert],
    changes: AlertChanges,
    actor: Actor,
    batch: UUID,
    leave: Leave,
) -> AlertAct:
    """Change locked alerts of locked incidents, in as many statements for five hundred as for one."""
    if isinstance(changes.assignee, User | Team):
        for incident in incidents.values():
            check_named(incident, changes.assignee)
    drafts = _drafts(chosen, changes, actor, batch, leave)
    touched = [incidents[incident_id] for incident_id in sorted({each.incident_id or 0 for each in drafts})]
    _save(touched)
    record_all([replace(draft, incident_version=incidents[draft.incident_id or 0].version) for draft in drafts])
    changed = frozenset(int(draft.subject.id) for draft in drafts if draft.subject)
    act = AlertAct(len(changed), len(chosen) - len(changed), alerts=changed)
    done = {draft.incident_id for draft in drafts if draft.verb is ALERT_RESOLVED}
    for incident in touched:
        if incident.pk in done and incident.is_open and not incident.alerts_active:
            resolve(incident, actor=SYSTEM, note=ALL_ALERTS_RESOLVED, batch=batch)
            act.resolved.append(incident.pk)
    return act


def _drafts(chosen: Sequence[Alert], changes: AlertChanges, actor: Actor, batch: UUID, leave: Leave) -> list[Draft]:
    """Change the rows; what is to be recorded of it."""

    def but(name: str) -> list[Alert]:
        return [alert for alert in chosen if alert.pk not in leave.get(name, ())]

    drafts: list[Draft] = []
    if changes.assignee is not KEEP:
        user = changes.assignee if isinstance(changes.assignee, User) else None
        team = changes.assignee if isinstance(changes.assignee, Team) else None
        if user or team:
            check_assignee(user or team)  # type: ignore[arg-type]
        drafts += alerts.assign(but("assignee"), user=user, team=team, actor=actor, batch=batch)
    if changes.classification is not None:
        check_finding(changes.classification, changes.determination)
        drafts += alerts.classify(
            but("classification"), changes.classification, changes.determination, actor=actor, batch=batch
        )
    if changes.status is not None:
        drafts += alerts.set_status(but("status"), changes.status, actor=actor, batch=batch)
    return drafts


def _save(touched: Sequence[Incident]) -> None:
    """A new version for each, with its active alerts counted anew."""
    if not touched:
        return
    ids = [incident.pk for incident in touched]
    active = Alert.objects.filter(incident_id__in=ids).active().order_by().values("incident_id")
    counts = dict(active.annotate(number=Count("pk")).values_list("incident_id", "number"))
    now = timezone.now()
    for incident in touched:
        incident.alerts_active = counts.get(incident.pk, 0)
        incident.version += 1
        incident.updated_at = now
    Incident.objects.bulk_update(touched, ["alerts_active", "version", "updated_at"])


def changers(entries: Iterable[Entry]) -> dict[tuple[int, str], str]:
    """Alert and field → who changed it last, of these entries about alerts, the oldest first."""
    found: dict[tuple[int, str], str] = {}
    for entry in entries:
        for change in entry.changes:
            name = "classification" if change["field"] == "determination" else change["field"]
            found[int(entry.subject_id), name] = entry.actor_label
    return found


def _check_conflicts(
    incidents: Mapping[int, Incident],
    chosen: Sequence[Alert],
    changes: AlertChanges,
    based_on: Mapping[int, int],
    leave: Leave,
) -> None:
    """Raises AlertConflict when a field that is to be changed was changed since, to something else."""
    since = {
        incident.pk: based_on[incident.pk]
        for incident in incidents.values()
        if based_on.get(incident.pk, incident.version) < incident.version
    }
    if not since:
        return
    newer = Entry.objects.filter(
        incident_id__in=list(since),
        incident_version__gt=min(since.values()),
        subject_kind="alert",
        subject_id__in=[str(alert.pk) for alert in chosen],
    )
    entries = newer.order_by("incident_id", "sequence")
    changed_by = changers(entry for entry in entries if (entry.incident_version or 0) > since[entry.incident_id or 0])
    conflicts: list[FieldConflict] = []
    on: dict[str, frozenset[int]] = {}
    for name, mine in wishes_for_alerts(changes).items():
        differing = [
            alert
            for alert in chosen
            if (alert.pk, name) in changed_by and alert.pk not in leave.get(name, ()) and value_of(alert, name) != mine
        ]
        if differing:
            people = dict.fromkeys(changed_by[alert.pk, name] for alert in differing)
            theirs = [value_of(alert, name) for alert in differing]
            shared = theirs[0] if all(value == theirs[0] for value in theirs) else {"label": "Different values"}
            conflicts.append(FieldConflict(name, shared, mine, ", ".join(people)))
            on[name] = frozenset(alert.pk for alert in differing)
    if conflicts:
        raise AlertConflict(max(incident.version for incident in incidents.values()), conflicts, on)


def wishes_for_alerts(changes: AlertChanges) -> dict[str, Any]:
    """The wanted value of each field that the save means to change, as the log shows it."""
    wishes: dict[str, Any] = {}
    if changes.status is not None:
        wishes["status"] = changes.status.slug
    if changes.assignee is not KEEP:
        user = changes.assignee if isinstance(changes.assignee, User) else None
        team = changes.assignee if isinstance(changes.assignee, Team) else None
        wishes["assignee"] = assignee_value(user, team)
    if changes.classification is not None:
        wishes["classification"] = _finding(changes.classification, changes.determination)
    return wishes


def value_of(alert: Alert, name: str) -> Any:
    if name == "status":
        return AlertStatus(alert.status).slug
    if name == "assignee":
        return assignee_value(alert.assignee_user, alert.assignee_team)
    return _finding(Classification(alert.classification), Determination(alert.determination))


def _finding(classification: Classification, determination: Determination) -> dict[str, str]:
    """Both at once, since they are chosen together."""
    return {"name": f"{classification}/{determination}", "label": finding_in_words(classification, determination)}
