"""What every command on an incident does alike: lock the row, save with a new version, record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.utils import timezone

from activity.actors import Actor
from activity.models import Entry
from activity.record import Change, Draft, record, record_all
from activity.verbs import Verb
from incidents import weighing
from incidents.models import Incident


def lock(incident: Incident) -> Incident:
    """The incident as it is now, held until the transaction ends. Everything else is locked after it."""
    return (
        Incident.objects.select_for_update(of=("self",))
        .select_related("assignee_user", "assignee_team")
        .get(pk=incident.pk)
    )


def lock_all(incident_ids: Iterable[int]) -> dict[int, Incident]:
    """Several incidents, locked in the order of their numbers so that two bulk acts cannot deadlock."""
    rows = Incident.objects.filter(pk__in=list(incident_ids)).order_by("pk").select_for_update(of=("self",))
    return {incident.pk: incident for incident in rows}


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
    incident.updated_at = timezone.now()
    weight = weighing.FIELDS if weighing.weigh(incident) else ()
    incident.save(update_fields=[*fields, *weight, "version", "updated_at"])
    return record(
        Draft(
            verb,
            actor,
            incident_id=incident.pk,
            incident_version=incident.version,
            changes=changes,
            facts=facts or {},
            text=text,
            batch=batch,
        )
    )


def record_of_alerts(incident: Incident, drafts: Sequence[Draft]) -> None:
    """Record what an act on the incident did to its alerts, under the incident's present version."""
    record_all([replace(draft, incident_version=incident.version) for draft in drafts], tell=False)
