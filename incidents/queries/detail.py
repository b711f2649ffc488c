"""The details pane and the incident page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from accounts.models import Principal
from alerts.choices import (
    Classification,
    Determination,
    Severity,
    finding_in_words,
)
from alerts.models import Evidence
from alerts.rules import in_order_of_attack
from common.marks import (
    asset_counts,
    dated,
    day_and_time,
    due_mark,
    entity_icon,
    initials,
    person_mark,
    relative_time,
    score_mark,
    severity_mark,
    status_mark,
    tag_mark,
    time_mark,
)
from entities.choices import ASSET_KINDS, EntityKind
from entities.marks import crown
from entities.naming import timeline_of
from incidents.choices import IncidentStatus
from incidents.models import Follower, Incident
from incidents.queries.columns import TAG_ORDER, UNASSIGNED_MARK
from incidents.queries.tasks import next_tasks, progress
from incidents.queries.texts import rendered
from incidents.rules import factor_in_words


def header(incident: Incident, reader: Principal | None = None) -> dict[str, Any]:
    """What pane and page show of an incident at the top and in its facts; to a reader, with its resolution note."""
    assignee = incident.assignee_user or incident.assignee_team
    if assignee is None:
        mark = person_mark(*UNASSIGNED_MARK)
    else:
        name = str(assignee)
        mark = person_mark(initials(name), name, "person" if incident.assignee_user else "team")
    tags = sorted(incident.tags.all(), key=lambda tag: (TAG_ORDER[tag.kind], tag.name.lower()))
    status = IncidentStatus(incident.status)
    return {
        "number": incident.pk,
        "drafts": f"manage-{incident.pk} comment-{incident.pk}",
        "name": incident.name,
        "url": f"/incidents/{incident.pk}/",
        "severity": severity_mark(Severity(incident.severity)),
        "status": status_mark(status),
        "is_open": incident.is_open,
        "is_resolved": status == IncidentStatus.RESOLVED,
        "assignee": mark,
        "tags": [tag_mark(tag.name, tag.kind) for tag in tags],
        "classification": finding(incident),
        "first_activity": dated(incident.first_activity),
        "last_activity": dated(incident.last_activity),
        "last_relative": time_mark(incident.last_activity),
        "first_day": day_and_time(incident.first_activity),
        "created": time_mark(incident.created_at),
        "alerts_active": incident.alerts_active,
        "alerts_total": incident.alerts_total,
        "assets": asset_counts(incident.asset_counts),
        "asset_total": sum(incident.asset_counts.values()),
        "sources": some(incident.service_sources),
        "sources_title": ", ".join(incident.service_sources),
        "categories": in_order_of_attack(incident.categories),
        "note": rendered([incident.resolution_note], reader)[0] if incident.resolution_note and reader else "",
        "resolved_by": incident.resolved_by,
        "resolved_at": time_mark(incident.resolved_at) if incident.resolved_at else "",
        "restricted": incident.restricted,
        "priority": score_mark(incident.priority),
        "snoozed_until": time_mark(incident.snoozed_until) if incident.snoozed_until else "",
        "due": due_mark(incident.due_at, counts=incident.is_open) if incident.due_at else "",
        "due_day": day_and_time(incident.due_at) if incident.due_at else "",
        "tasks": progress(incident),
        "merged_into": incident.redirected_to_id,
        "is_empty": not incident.alerts_total and not incident.redirected_to_id,
        "version": incident.version,
        "summary": summary_sentence(incident),
    }


def some(words: Sequence[str], most: int = 3) -> str:
    """The first few, and how many more."""
    rest = len(words) - most
    return ", ".join(words) if rest < 2 else f"{', '.join(words[:most])} and {rest} more"


def finding(incident: Incident) -> str:
    """Classification and determination in words."""
    return finding_in_words(Classification(incident.classification), Determination(incident.determination))


def summary_sentence(incident: Incident) -> str:
    """The incident in two plain sentences, made from its figures."""
    count = f"{incident.alerts_total:,} alerts" if incident.alerts_total != 1 else "One alert"
    sources = incident.service_sources
    by = f" from {sources[0]}" if len(sources) == 1 else f" from {len(sources)} sources" if sources else ""
    span = incident.last_activity - incident.first_activity
    first = relative_time(incident.first_activity)
    began = f"{first} ago" if first[0].isdigit() and first.split()[-1] in ("min", "h", "d") else first
    lasted = f" over {_span(span.total_seconds())}" if span.total_seconds() >= 60 else ""
    text = f"{count}{by}{lasted}; the first activity was {'just now' if began == 'now' else began}."
    if incident.is_open:
        active = incident.alerts_active
        if active == incident.alerts_total > 1:
            text += " All are still active."
        elif incident.alerts_total > 1:
            text += f" {active:,} of them {'is' if active == 1 else 'are'} still active."
    return text


def _span(seconds: float) -> str:
    for size, one, many in ((86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes")):
        if seconds >= size:
            number = round(seconds / size)
            return f"{number} {one if number == 1 else many}"
    return "a moment"


def priority_shares(incident: Incident) -> list[dict[str, Any]]:
    """What the priority is made of: each factor in words, its points, the heaviest first."""
    return [
        {"text": factor_in_words(factor), "points": factor[1]}
        for factor in incident.priority_factors
        if isinstance(factor, list) and len(factor) > 1
    ]


MOST_PEOPLE = 8


def around(incident: Incident) -> dict[str, Any]:
    """Who else is concerned: who follows it, and which tasks are next."""
    followers = Follower.objects.filter(incident=incident).order_by("user__display_name", "user")
    names = list(followers.values_list("user__display_name", flat=True))
    return {
        "followers": [person_mark(initials(name), name, compact=True) for name in names[:MOST_PEOPLE]],
        "more_followers": max(len(names) - MOST_PEOPLE, 0),
        "tasks": next_tasks(incident),
    }


def top_assets(incident_id: int, most: int = 6) -> list[dict[str, Any]]:
    """The assets most alerts are about."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entity.id, entity.kind, entity.name, entity.criticality, count(*) FROM alerts_evidence AS evidence
            JOIN entities_entity AS entity ON entity.id = evidence.entity_id
            WHERE evidence.incident_number = %s AND entity.kind = ANY(%s)
            GROUP BY entity.id ORDER BY count(*) DESC, entity.id LIMIT %s
            """,
            [incident_id, [str(kind) for kind in ASSET_KINDS], most],
        )
        return [
            {
                "icon": entity_icon(kind),
                "kind": EntityKind(kind).label,
                "name": name,
                "url": timeline_of(kind, number, incident_id),
                "crown": crown(level),
                "alerts": alerts,
            }
            for number, kind, name, level, alerts in cursor.fetchall()
        ]


def evidence_total(incident: Incident, entities: int | None = None) -> int:
    """How many different entities the incident's evidence names, beside its assets; `entities` where the caller has
    counted all of them."""
    if entities is None:
        entities = Evidence.objects.filter(incident_number=incident.pk).values("entity").distinct().count()
    return max(entities - sum(incident.asset_counts.values()), 0)
