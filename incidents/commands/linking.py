"""Alerts join incidents: new ones are opened, open ones grow. Parts of `ingest`, in its one transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from activity.actors import CORRELATION, SYSTEM, Actor
from activity.record import Change, Draft, record_all
from alerts.choices import Severity
from alerts.models import Alert
from common.inserting import insert, reserve
from incidents import summary, verbs, weighing
from incidents.choices import IncidentStatus
from incidents.commands.arrivals import joined
from incidents.commands.attacks import new_attacks, tag_attacks
from incidents.commands.change import lock_all
from incidents.commands.critical_assets import mark_critical, newly_critical
from incidents.commands.lifecycle import resolve
from incidents.commands.snoozing import save_woken, woken_by_alert
from incidents.models import Incident
from incidents.search import add_words

MOST_NOTE = 2_000
"""Characters of the note that names the rules which resolved an incident's alerts."""
MOST_ALERTS_NAMED = 100
"""An entry names at most so many of the alerts it tells of, and says how many there were."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The first alert of an incident to come, as much of it as the row needs before the alert is stored."""

    title: str
    severity: int
    first_activity: datetime
    last_activity: datetime
    related_to: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An alert that has been stored in an incident, and the words it shall be found by."""

    alert: Alert
    words: Sequence[str]
    resolved_by_rule: str = ""
    """Which rule of ours resolved it as it came in, in a sentence; empty where none did."""


def open_incidents(openings: Sequence[Opening]) -> list[Incident]:
    """New incidents: active, unassigned, named by the system. They have their numbers, by which their alerts can be
    stored, but are not stored themselves: once, and as their alerts make them, is cheaper than twice."""
    return [
        Incident(
            pk=number,
            name=opening.title,
            automatic_name=opening.title,
            severity=opening.severity,
            automatic_severity=opening.severity,
            first_activity=opening.first_activity,
            last_activity=opening.last_activity,
            related_to_id=opening.related_to,
        )
        for number, opening in zip(reserve(Incident, len(openings)), openings, strict=True)
    ]


def link_alerts(
    links: Sequence[Link],
    *,
    opened: Sequence[Incident],
    grown: Sequence[Incident],
    sender: Actor,
    tuner: Actor = SYSTEM,
) -> dict[int, Incident]:
    """Bring the incidents of freshly stored alerts up to date, those just opened and the locked ones that have grown,
    and record what joined them.

    An opened incident's first entry carries its whole opening state; a grown one's entry, what changed. An incident
    all of whose alerts came resolved is resolved by the system, or by `tuner` where a rule of ours resolved them.
    """
    by_incident: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        by_incident[link.alert.incident_id].append(link)
    opened_ids = {incident.pk for incident in opened}
    incidents = {incident.pk: incident for incident in (*grown, *opened)}
    drafts, woken = [], []
    attacks: dict[int, list[str]] = {}
    critical: list[int] = []
    for summarised in summary.summarise(by_incident):
        incident = incidents[summarised.incident_id]
        before = state_of(incident)
        summary.apply(incident, summarised)
        incident.updated_at = timezone.now()
        attacks[incident.pk] = new_attacks(summarised)
        if newly_critical(summarised):
            critical.append(incident.pk)
        is_new = incident.pk in opened_ids
        if not is_new:
            incident.version += 1
        drafts.append(_draft(incident, by_incident[incident.pk], before, is_new, sender))
        if incident.snoozed_until:
            drafts.append(woken_by_alert(incident))
            woken.append(incident)
    insert(opened)
    _save(grown)
    save_woken(woken)
    record_all(drafts)
    add_words(
        {
            incident_id: [str(incident_id), incidents[incident_id].name]
            + [word for link in joined for word in link.words]
            for incident_id, joined in by_incident.items()
        }
    )
    tag_attacks(incidents, attacks)
    mark_critical(incidents, critical)
    for incident_id, incident in incidents.items():
        if incident_id in opened_ids and not incident.alerts_active:
            by_rules = dict.fromkeys(
                link.resolved_by_rule for link in by_incident[incident_id] if link.resolved_by_rule
            )
            note = " ".join(by_rules) or "Every alert of this incident came resolved from its source."
            incidents[incident_id] = resolve(incident, actor=tuner if by_rules else SYSTEM, note=note[:MOST_NOTE])
    return incidents


COLUMNS = {
    "name": "varchar",
    "severity": "smallint",
    "automatic_name": "varchar",
    "automatic_severity": "smallint",
    "alerts_total": "integer",
    "alerts_active": "integer",
    "first_activity": "timestamptz",
    "last_activity": "timestamptz",
    "service_sources": "varchar[]",
    "categories": "varchar[]",
    "asset_counts": "jsonb",
    "tag_ids": "integer[]",
    "facets": "varchar[]",
    "priority": "smallint",
    "priority_factors": "jsonb",
    "updated_at": "timestamptz",
    "version": "integer",
}
"""What a summary sets on an incident's row, and its type."""
SAVE = f"""
UPDATE incidents_incident AS kept SET {", ".join(f"{name} = fresh.{name}" for name in COLUMNS)}
FROM jsonb_to_recordset(%s) AS fresh (id bigint, {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())})
WHERE kept.id = fresh.id
"""


def _save(incidents: Iterable[Incident]) -> None:
    """Save what summaries set, in one plain statement; bulk_update writes a CASE for every field and row."""
    rows = [{"id": incident.pk, **{name: getattr(incident, name) for name in COLUMNS}} for incident in incidents]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(SAVE, [json.dumps(rows, default=datetime.isoformat)])


def refresh(incident_id: int, drafts: Sequence[Draft], words: Sequence[str] = ()) -> None:
    """After its alerts were updated by their source, or its evidence by hand: bring the incident up to date and record
    what changed."""
    incident = lock_all([incident_id])[incident_id]
    before = state_of(incident)
    found = summary.summarise([incident_id])
    for summarised in found:
        summary.apply(incident, summarised)
    changes = changes_between(before, state_of(incident))
    incident.version += 1
    incident.updated_at = timezone.now()
    incident.save(update_fields=[*summary.FIELDS, *weighing.FIELDS, "name", "severity", "updated_at", "version"])
    first, *rest = drafts
    facts = first.facts | ({"incident_changes": [vars_of(change) for change in changes]} if changes else {})
    record_all([replace(draft, incident_version=incident.version) for draft in (replace(first, facts=facts), *rest)])
    add_words({incident_id: words})
    incidents = {incident_id: incident}
    for summarised in found:
        tag_attacks(incidents, {incident_id: new_attacks(summarised)})
        mark_critical(incidents, [incident_id] if newly_critical(summarised) else [])


def vars_of(change: Change) -> dict[str, Any]:
    return {"field": change.field, "old": change.old, "new": change.new}


def _draft(incident: Incident, links: Sequence[Link], before: dict[str, Any], is_new: bool, sender: Actor) -> Draft:
    count = len(links)
    facts: dict[str, Any] = {
        "alerts": [
            {"id": link.alert.pk, "title": link.alert.title, "reason": link.alert.link_reason}
            for link in links[:MOST_ALERTS_NAMED]
        ],
        "joined": joined(link.alert for link in links),
        "alert_count": count,
        "alerts_in_words": f"the alert “{links[0].alert.title}”" if count == 1 else f"{count:,} alerts",
        "sender": sender.label,
    }
    after = state_of(incident)
    if is_new:
        before = dict.fromkeys(after)
        if incident.related_to_id:
            facts["related_to"] = incident.related_to_id
    return Draft(
        verbs.OPENED if is_new else verbs.ALERTS_LINKED,
        replace(CORRELATION, channel=sender.channel),
        incident_id=incident.pk,
        incident_version=incident.version,
        changes=changes_between(before, after),
        facts=facts,
    )


def changes_between(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """What differs between two states, as the log tells it."""
    return [Change(field, before[field], after[field]) for field in after if before[field] != after[field]]


def state_of(incident: Incident) -> dict[str, Any]:
    """The incident's fields as the log shows them."""
    return {
        "name": incident.name,
        "severity": Severity(incident.severity).slug,
        "status": IncidentStatus(incident.status).slug,
        "classification": incident.classification,
        "determination": incident.determination,
        "alerts_total": incident.alerts_total,
        "alerts_active": incident.alerts_active,
        "first_activity": incident.first_activity.isoformat(),
        "last_activity": incident.last_activity.isoformat(),
        "service_sources": list(incident.service_sources),
        "categories": list(incident.categories),
        "asset_counts": dict(incident.asset_counts),
        "related_to": incident.related_to_id,
    }
