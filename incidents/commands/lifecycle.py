"""From active to resolved, and back."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.utils import timezone

from activity.actors import Actor, ActorKind
from activity.record import Change
from alerts import commands as alerts
from alerts.choices import AlertStatus
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.choices import IncidentStatus
from incidents.commands.change import alert_updates, alerts_of, lock, record_of_alerts, save_and_record
from incidents.commands.snoozing import SNOOZE_FIELDS, as_logged
from incidents.models import Incident
from incidents.rules import check_text, check_transition

RESOLUTION = ("status", "resolution_note", "resolved_at", "resolved_by", "resolved_by_user")
"""Fields that say whether an incident is resolved, why, when and by whom."""


@command
def resolve(incident: Incident, *, actor: Actor, note: str, batch: UUID | None = None) -> Incident:
    """Resolve the incident and its active alerts; the note stands beside the entry and on the incident.

    Raises Refused without a note, or when the incident was merged away.
    """
    incident = lock(incident)
    batch = batch or uuid4()
    old = IncidentStatus(incident.status)
    if old == IncidentStatus.RESOLVED:
        return incident
    check_transition(old, IncidentStatus.RESOLVED)
    note = check_text(note, "resolution_note")
    incident.status = IncidentStatus.RESOLVED
    incident.resolution_note, incident.resolved_at, incident.resolved_by = note, timezone.now(), actor.label
    incident.resolved_by_user_id = actor.id if actor.kind == ActorKind.USER else None
    with alert_updates(incident) as updates:
        active = alerts_of(incident, active=True)
        drafts = alerts.set_status(active, AlertStatus.RESOLVED, actor=actor, batch=batch, updates=updates)
    changes = [Change("status", old.slug, IncidentStatus.RESOLVED.slug)]
    if incident.alerts_active:
        changes.append(Change("alerts_active", incident.alerts_active, 0))
        incident.alerts_active = 0
    if incident.snoozed_until:
        changes.append(Change("snoozed_until", as_logged(incident.snoozed_until), None))
        incident.snoozed_until, incident.snoozed_by = None, None
    save_and_record(
        incident,
        verbs.RESOLVED,
        changes,
        fields=[*RESOLUTION, "alerts_active", *SNOOZE_FIELDS],
        actor=actor,
        batch=batch,
        text=note,
    )
    record_of_alerts(incident, drafts)
    return incident


@command
def set_status(incident: Incident, status: IncidentStatus, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Move an open incident between active and in progress. Resolving and reopening have their own commands."""
    incident = lock(incident)
    old = IncidentStatus(incident.status)
    if old == status:
        return incident
    check_transition(old, status)
    if old == IncidentStatus.RESOLVED:
        return reopen(incident, status, actor=actor, batch=batch)
    if status == IncidentStatus.RESOLVED:
        raise Refused("Resolving asks for a note; resolve the incident instead.", field="status")
    incident.status = status
    verb = verbs.STARTED if status == IncidentStatus.IN_PROGRESS else verbs.SET_BACK
    save_and_record(
        incident, verb, [Change("status", old.slug, status.slug)], fields=["status"], actor=actor, batch=batch
    )
    return incident


@command
def reopen(
    incident: Incident,
    status: IncidentStatus = IncidentStatus.ACTIVE,
    *,
    actor: Actor,
    batch: UUID | None = None,
) -> Incident:
    """Take a resolved incident up again; its alerts stay resolved. Only people and rules do so, never the system."""
    incident = lock(incident)
    old = IncidentStatus(incident.status)
    if old == status:
        return incident
    check_transition(old, status)
    if old != IncidentStatus.RESOLVED:
        raise Refused("Only a resolved incident can be reopened; this one is open.", field="status")
    if actor.kind == ActorKind.SYSTEM:
        raise Refused("The system never reopens an incident; a person or a rule may.", field="status")
    note = incident.resolution_note
    incident.status = status
    incident.resolution_note, incident.resolved_at, incident.resolved_by = "", None, ""
    incident.resolved_by_user_id = None
    save_and_record(
        incident,
        verbs.REOPENED,
        [Change("status", old.slug, status.slug)],
        fields=RESOLUTION,
        actor=actor,
        batch=batch,
        facts={"had_note": bool(note)},
    )
    return incident


@command
def change_note(incident: Incident, note: str, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Write a resolved incident's note anew; the former one stays readable in the log."""
    incident = lock(incident)
    note = check_text(note, "resolution_note")
    if incident.status != IncidentStatus.RESOLVED or note == incident.resolution_note:
        return incident
    incident.resolution_note = note
    save_and_record(incident, verbs.NOTE_CHANGED, (), fields=["resolution_note"], actor=actor, batch=batch, text=note)
    return incident
