"""Putting an incident off until a time or a new alert, whichever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from activity.actors import SYSTEM, Actor, ActorKind
from activity.record import Change, Draft
from common.command import command
from incidents import verbs
from incidents.choices import IncidentStatus, WakeReason
from incidents.commands.change import lock, save_and_record
from incidents.models import Incident
from incidents.rules import check_snooze

SNOOZE_FIELDS = ("snoozed_until", "snoozed_by")


@command
def snooze(incident: Incident, until: datetime, *, actor: Actor, batch: UUID | None = None) -> Incident:
    """Hide the incident from the queue until then, or until a new alert joins it.

    Raises Refused when it is not open, or the time is past or more than a year away.
    """
    incident = lock(incident)
    until = until.replace(second=0, microsecond=0)
    if incident.snoozed_until == until:
        return incident
    check_snooze(IncidentStatus(incident.status), until, timezone.now())
    change = Change("snoozed_until", as_logged(incident.snoozed_until), as_logged(until))
    incident.snoozed_until = until
    incident.snoozed_by_id = actor.id if actor.kind == ActorKind.USER else None
    save_and_record(incident, verbs.SNOOZED, [change], fields=SNOOZE_FIELDS, actor=actor, batch=batch)
    return incident


@command
def wake(
    incident: Incident, *, actor: Actor, reason: WakeReason = WakeReason.HAND, batch: UUID | None = None
) -> Incident:
    """End the snooze. With the reason that its time had come, only where it has: it may have been put off again."""
    incident = lock(incident)
    until = incident.snoozed_until
    if until is None or (reason == WakeReason.TIME and until > timezone.now()):
        return incident
    changes, facts = waking(incident, reason)
    save_and_record(incident, verbs.WOKEN, changes, fields=SNOOZE_FIELDS, actor=actor, batch=batch, facts=facts)
    return incident


def waking(incident: Incident, reason: WakeReason) -> tuple[list[Change], dict[str, Any]]:
    """Take the snooze off a locked incident that is not saved yet; what its entry says of it."""
    changes = [Change("snoozed_until", as_logged(incident.snoozed_until), None)]
    facts = {"reason": str(reason.label), "snoozed_by": incident.snoozed_by_id}
    incident.snoozed_until, incident.snoozed_by = None, None
    return changes, facts


def woken_by_alert(incident: Incident) -> Draft:
    """The same for an incident that a new alert has joined."""
    changes, facts = waking(incident, WakeReason.ALERT)
    return Draft(
        verbs.WOKEN,
        SYSTEM,
        incident_id=incident.pk,
        incident_version=incident.version,
        changes=changes,
        facts=facts,
    )


def save_woken(incidents: Sequence[Incident]) -> None:
    """Save that these incidents, locked, are snoozed no more."""
    if incidents:
        ids = [incident.pk for incident in incidents]
        Incident.objects.filter(pk__in=ids).update(snoozed_until=None, snoozed_by=None)


def as_logged(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
