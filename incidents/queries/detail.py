"""The details pane and the incident page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Q

from alerts.choices import (
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
    finding_in_words,
)
from alerts.models import Alert, Evidence
from alerts.queries.detail import INDICATORS, alert_shown, evidence_row, text_of
from alerts.rules import in_order_of_attack
from common.defang import defang
from common.markdown import render
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
from entities.naming import page_of, timeline_of
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries.columns import TAG_ORDER, UNASSIGNED_MARK
from incidents.queries.tasks import next_tasks, progress
from incidents.rules import factor_in_words

ALERTS_PER_PAGE = 100
EVIDENCE_PER_KIND = 200


def header(incident: Incident) -> dict[str, Any]:
    """What pane and page show of an incident at the top and in its facts."""
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
        "note": render(incident.resolution_note) if incident.resolution_note else "",
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
PEOPLE = """
SELECT (SELECT count(*) FROM incidents_follower WHERE incident_id = %(incident)s),
       (SELECT jsonb_agg(jsonb_build_array(coalesce(person.display_name, team.name), team.id IS NOT NULL)
                         ORDER BY team.id IS NOT NULL, coalesce(person.display_name, team.name))
        FROM incidents_incidentmember AS member LEFT JOIN accounts_user AS person ON person.id = member.user_id
        LEFT JOIN accounts_team AS team ON team.id = member.team_id WHERE member.incident_id = %(incident)s)
"""


def around(incident: Incident) -> dict[str, Any]:
    """Who else is concerned: how many follow it, and who may see a restricted one; and which tasks are next."""
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, {"incident": incident.pk})
        followers, members = cursor.fetchone()
    names: list[tuple[str, bool]] = json.loads(members) if members else []
    return {
        "followers": followers,
        "tasks": next_tasks(incident),
        "members": [
            person_mark(initials(name), name, "team" if is_team else "person") for name, is_team in names[:MOST_PEOPLE]
        ],
        "more_members": max(len(names) - MOST_PEOPLE, 0),
    }


def top_assets(incident_id: int, most: int = 6) -> list[dict[str, Any]]:
    """The assets most alerts are about."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entity.id, entity.kind, entity.name, count(*) FROM alerts_evidence AS evidence
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
                "alerts": alerts,
            }
            for number, kind, name, alerts in cursor.fetchall()
        ]


def alerts_page(incident: Incident, after: int = 0) -> dict[str, Any]:
    """The alerts of an incident in the order they began, with evidence; pages by position (at most 1,000 exist)."""
    rows = list(
        Alert.objects.of_incident(incident.pk).order_by("first_activity", "id")[after : after + ALERTS_PER_PAGE + 1]
    )
    shown = rows[:ALERTS_PER_PAGE]
    evidence: dict[int, list[dict[str, Any]]] = {}
    for item in (
        Evidence.objects.filter(alert__in=shown).select_related("entity").order_by("alert_id", "entity__kind", "id")
    ):
        evidence.setdefault(item.alert_id or 0, []).append(evidence_row(item))
    return {
        "alerts": [alert_shown(alert, evidence.get(alert.pk, [])) for alert in shown],
        "next": after + ALERTS_PER_PAGE if len(rows) > ALERTS_PER_PAGE else None,
        "first": after + 1,
        "last": after + len(shown),
    }


def page_of_alert(alert: Alert) -> int:
    """After how many alerts the page begins that this one stands on."""
    began, same = Q(first_activity__lt=alert.first_activity), Q(first_activity=alert.first_activity, pk__lt=alert.pk)
    before = Alert.objects.of_incident(alert.incident_id).filter(began | same).count()
    return before // ALERTS_PER_PAGE * ALERTS_PER_PAGE


EVIDENCE_BY_ENTITY = """
SELECT entity.id, entity.kind, entity.name, count(*), min(evidence.event_time), max(evidence.event_time),
       (SELECT array_agg(DISTINCT role) FROM alerts_evidence AS one, unnest(one.roles) AS role
        WHERE one.incident_number = %(incident)s AND one.entity_id = entity.id),
       CASE WHEN bool_or(verdict = 'malicious') THEN 'malicious' WHEN bool_or(verdict = 'suspicious') THEN 'suspicious'
            WHEN bool_or(verdict = 'no_threats_found') THEN 'no_threats_found' ELSE 'unknown' END,
       (array_agg(remediation_status ORDER BY evidence.event_time DESC))[1], entity.attributes
FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
WHERE evidence.incident_number = %(incident)s
GROUP BY entity.id
ORDER BY count(*) DESC, entity.id
LIMIT 2000
"""


def evidence_by_kind(incident: Incident) -> list[dict[str, Any]]:
    """Assets first, then other evidence, grouped by kind: what it is, verdict, roles, in how many alerts."""
    groups: dict[str, list[dict[str, Any]]] = {str(kind): [] for kind in (*ASSET_KINDS, *EntityKind)}
    with connection.cursor() as cursor:
        cursor.execute(EVIDENCE_BY_ENTITY, {"incident": incident.pk})
        for entity_id, kind, name, alerts, first, last, roles, verdict, remediation, attributes in cursor.fetchall():
            groups[kind].append(
                {
                    "id": entity_id,
                    "name": defang(name, EntityKind(kind)),
                    "url": timeline_of(kind, entity_id, incident.pk)
                    if kind in ASSET_KINDS
                    else page_of(kind, entity_id),
                    "raw_name": name,
                    "is_indicator": kind in INDICATORS,
                    "alerts": alerts,
                    "first": time_mark(first),
                    "last": time_mark(last),
                    "roles": ", ".join(
                        str(EvidenceRole(role).label) if role in EvidenceRole.values else role for role in roles or ()
                    ),
                    "verdict": status_mark(Verdict(verdict)),
                    "remediation": RemediationStatus(remediation).label if remediation != "none" else "",
                    "known": _known(json.loads(attributes) if isinstance(attributes, str) else attributes),
                }
            )
    return [
        {
            "kind": EntityKind(kind).slug,
            "label": EntityKind(kind).label,
            "icon": entity_icon(kind),
            "is_asset": kind in ASSET_KINDS,
            "count": len(rows),
            "rows": rows[:EVIDENCE_PER_KIND],
            "left_out": max(len(rows) - EVIDENCE_PER_KIND, 0),
        }
        for kind, rows in groups.items()
        if rows
    ]


def _known(attributes: dict[str, Any]) -> str:
    """What is known of an entity, short enough for a row."""
    parts = [
        key.replace("_", " ") if value is True else f"{key.replace('_', ' ')} {text_of(value)}"
        for key, value in attributes.items()
        if value not in ("", None, [], False)
    ]
    return " · ".join(part[:60] for part in parts[:3])


def evidence_total(incident: Incident) -> int:
    """How many different entities the incident's evidence names."""
    return Evidence.objects.filter(incident_number=incident.pk).values("entity").distinct().count()
