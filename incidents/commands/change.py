"""What every command on an incident does alike: lock the row, save with a new version, record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from activity.actors import Actor
from activity.models import Entry
from activity.record import Change, Draft, record_all
from activity.verbs import Verb
from alerts import commands as alerts
from alerts.choices import AlertStatus
from alerts.models import Alert
from common.errors import Refused
from incidents import weighing
from incidents.choices import IncidentStatus
from incidents.models import Incident


def lock(incident: Incident) -> Incident:
    """The incident as it is now, held until the transaction ends. Everything else is locked after it.

    Raises Refused for one that was merged away meanwhile: what is done to it would be seen by nobody.
    """
    if incident.handful:
        return incident
    locked = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("assignee_user", "assignee_team")
        .get(pk=incident.pk)
    )
    if locked.status == IncidentStatus.REDIRECTED:
        raise Refused(
            f"#{locked.pk} was merged into another incident, #{locked.redirected_to_id}; work on that one.",
            field="status",
        )
    return locked


# Bare, because every alert that comes in asks it and Django composes each of the many columns anew.
LOCK = "SELECT * FROM incidents_incident WHERE id = ANY(%s::bigint[]) ORDER BY id FOR UPDATE"


def lock_all(incident_ids: Iterable[int]) -> dict[int, Incident]:
    """Several incidents, locked in the order of their numbers so that two bulk acts cannot deadlock."""
    wanted = list(incident_ids)
    return {incident.pk: incident for incident in Incident.objects.raw(LOCK, [wanted])} if wanted else {}


def save_and_record(
    incident: Incident,
    verb: Verb,
    changes: Sequence[Change],
    *,
    fields: Sequence[str],
    actor: Actor,
    batch: UUID | None = None,
    facts: dict[str, Any] | None = None,
    text: str | None = None,
) -> Entry:
    """Save the named fields of a locked incident under a new version, with the priority they give it, and record what
    changed."""
    incident.version += 1
    weight = weighing.FIELDS if weighing.weigh(incident) else ()
    save(incident, *fields, *weight, "version")
    draft = Draft(verb, actor, incident_id=incident.pk, changes=changes, facts=facts or {}, text=text, batch=batch)
    return record_under_version(incident, [draft])[0]


def save(incident: Incident, *fields: str) -> None:
    """Save the named fields of a locked incident, and that it was changed now."""
    incident.updated_at = timezone.now()
    if incident.handful:
        incident.handful.save(incident, (*fields, "updated_at"))
    else:
        incident.save(update_fields=[*fields, "updated_at"])


def record_of_alerts(incident: Incident, drafts: Sequence[Draft]) -> None:
    """Record what an act on the incident did to its alerts, under the incident's present version."""
    record_under_version(incident, drafts, tell=False)


def record_under_version(incident: Incident, drafts: Sequence[Draft], *, tell: bool = True) -> list[Entry]:
    """Record drafts about the incident under its present version; for `tell` see activity/record.py."""
    drafts = [replace(draft, incident_version=incident.version) for draft in drafts]
    return incident.handful.record(drafts, tell=tell) if incident.handful else record_all(drafts, tell=tell)


def alerts_of(incident: Incident, *, active: bool = False) -> list[Alert]:
    """The locked incident's alerts, locked as well; with `active`, only those that are not resolved."""
    if incident.handful:
        found = incident.handful.alerts_of(incident)
        return [alert for alert in found if alert.status != AlertStatus.RESOLVED] if active else found
    rows = alerts.locked([incident.pk])
    return list(rows.active() if active else rows)


@contextmanager
def alert_updates(incident: Incident) -> Iterator[alerts.Updates]:
    """Collects what becomes of the incident's alerts, and writes it at the end."""
    if incident.handful:
        yield incident.handful.alert_updates
    else:
        updates = alerts.Updates()
        yield updates
        updates.write()
