"""What an incident's alerts and evidence say, read for the sentences of incidents/what_happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from alerts.choices import ATTACK_TACTICS, Classification, Tactic
from common.marks import entity_icon
from entities.choices import ASSET_KINDS, EntityKind
from entities.marks import crown
from entities.naming import page_of, timeline_of
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.queries.detail import finding
from incidents.what_happened import Alike, Facts, Piece, Sentence, Step, Target, Thing, paragraphs
from incidents.what_happened.phrases import KIND_WORDS

NAMED_OF_EACH = 6
"""Entities read by name of those of which the same can be said."""
GRAVITY = (*ATTACK_TACTICS, Tactic.RANSOMWARE)
"""Categories from the beginning of an attack to its end; others weigh nothing."""

# The first, the gravest and the first that tells of data leaving, each with what it names.
STEPS = """
WITH own AS (
    SELECT id, title, severity, categories, first_activity, coalesce(nullif(service_source, ''), source) AS source,
           (SELECT max(array_position(%(gravity)s::varchar[], category)) FROM unnest(categories) AS category) AS stage
    FROM alerts_alert WHERE incident_id = %(incident)s
),
step AS (
    (SELECT 'first' AS part, own.* FROM own ORDER BY first_activity, id LIMIT 1)
    UNION ALL
    (SELECT 'gravest', own.* FROM own ORDER BY severity DESC, stage DESC NULLS LAST, first_activity, id LIMIT 1)
    UNION ALL
    (SELECT 'leak', own.* FROM own WHERE %(leak)s = ANY(categories) ORDER BY first_activity, id LIMIT 1)
)
SELECT step.part, step.id, step.title, step.source, step.first_activity, step.categories,
       (SELECT count(DISTINCT source) FROM own), thing.id, thing.kind, thing.name, thing.roles, thing.verdict
FROM step
LEFT JOIN LATERAL (
    SELECT entity.id, entity.kind, entity.name, evidence.roles, evidence.verdict, evidence.id AS place
    FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
    WHERE evidence.alert_id = step.id
) AS thing ON true
ORDER BY step.part, thing.place
"""

# What was done about an entity is what was said last, as on the tab of evidence.
ALIKE = """
WITH sighting AS (
    SELECT entity_id, count(alert_id) AS alerts, coalesce(bool_or(alert_id = %(first)s), false) AS in_first,
           CASE WHEN bool_or(verdict = 'malicious') THEN 'malicious'
                WHEN bool_or(verdict = 'suspicious') THEN 'suspicious'
                WHEN bool_or(verdict = 'no_threats_found') THEN 'no_threats_found' ELSE 'unknown' END AS verdict,
           (array_agg(remediation_status ORDER BY event_time DESC, id DESC))[1] AS remediation
    FROM alerts_evidence WHERE incident_number = %(incident)s GROUP BY entity_id
),
known AS (
    SELECT sighting.*, alerts = 0 AS by_hand, entity.kind, entity.name, entity.criticality
    FROM sighting JOIN entities_entity AS entity ON entity.id = sighting.entity_id
),
ranked AS (
    SELECT known.*, count(*) OVER alike AS number,
           row_number() OVER (alike ORDER BY alerts DESC, entity_id) AS place
    FROM known
    WINDOW alike AS (PARTITION BY kind, verdict, remediation, criticality, in_first, by_hand)
)
SELECT kind, verdict, remediation, criticality, in_first, by_hand, number, entity_id, name, alerts
FROM ranked WHERE place <= %(named)s ORDER BY alerts DESC, entity_id
"""


def facts_of(incident: Incident) -> Facts:
    """All that is told of an incident, in two statements however large it is."""
    steps, sources = _steps(incident.pk)
    first = steps.get("first")
    assignee = incident.assignee_user or incident.assignee_team
    return Facts(
        status=IncidentStatus(incident.status),
        alerts_total=incident.alerts_total,
        alerts_active=incident.alerts_active,
        sources=sources,
        began=incident.first_activity,
        ended=incident.last_activity,
        first=first,
        gravest=steps.get("gravest"),
        leak=steps.get("leak"),
        alike=_alike(incident.pk, first.id if first else 0),
        assignee=str(assignee) if assignee else "",
        resolved_by=incident.resolved_by,
        resolved_at=incident.resolved_at,
        finding="" if incident.classification == Classification.NOT_SET else finding(incident),
    )


def told(incident: Incident, facts: Facts) -> list[SafeString]:
    """The paragraphs as HTML, every statement with a link to its evidence."""
    return [
        format_html_join(" ", "{}", ((_rendered(incident.pk, sentence),) for sentence in paragraph))
        for paragraph in paragraphs(facts)
    ]


def top_assets(incident_id: int, facts: Facts, most: int = 5) -> list[dict[str, Any]]:
    """Kinds of assets that alerts are about, each with how many there are and those most alerts name."""
    found = []
    for kind in ASSET_KINDS:
        groups = [one for one in facts.alike if one.kind == kind]
        known = [(one, thing) for one in groups for thing in one.things]
        known.sort(key=lambda pair: (-pair[1].alerts, pair[1].id))
        things = [
            {
                "url": timeline_of(kind, thing.id, incident_id),
                "name": thing.name,
                "alerts": thing.alerts,
                "crown": crown(one.criticality),
            }
            for one, thing in known[:most]
        ]
        count = sum(one.count for one in groups)
        if count:
            label = f"{count:,} {KIND_WORDS[kind][count != 1]}"
            found.append(
                {"icon": entity_icon(kind), "label": label, "things": things, "more": max(count - len(things), 0)}
            )
    return found


def address_of(number: int, target: Target) -> str:
    """Where the evidence of a statement is; of an asset, its timeline, by which scope is judged."""
    if target.sort == "alert":
        return reverse("incidents:alert", args=[number, target.id])
    if target.sort in ASSET_KINDS:
        return timeline_of(target.sort, target.id, number)
    if target.id:
        return page_of(target.sort, target.id)
    return reverse(f"incidents:{target.sort}", args=[number])


def _rendered(number: int, sentence: Sentence) -> SafeString:
    return format_html_join("", "{}", ((_piece(number, piece),) for piece in sentence))


def _piece(number: int, piece: Piece) -> SafeString:
    text = format_html("<bdi>{}</bdi>", piece.text) if piece.is_foreign else format_html("{}", piece.text)
    if piece.target is None:
        return text
    title = format_html(' title="{}"', piece.whole) if piece.whole else ""
    return format_html('<a href="{}"{}>{}</a>', address_of(number, piece.target), title, text)


def _steps(incident_id: int) -> tuple[dict[str, Step], int]:
    """The steps by the part they play, and how many sources reported."""
    gravity = [str(each) for each in GRAVITY]
    with connection.cursor() as cursor:
        cursor.execute(STEPS, {"incident": incident_id, "gravity": gravity, "leak": str(Tactic.EXFILTRATION)})
        rows = cursor.fetchall()
    steps: dict[str, Step] = {}
    things: dict[str, list[Thing]] = {}
    for part, alert_id, title, source, began, categories, _, *thing in rows:
        named = things.setdefault(part, [])
        steps.setdefault(part, Step(alert_id, title, source, began, categories, named))
        if thing[0] is not None:
            named.append(_thing(thing))
    return steps, rows[0][6] if rows else 0


def _thing(row: Sequence[Any]) -> Thing:
    entity_id, kind, name, roles, verdict = row
    return Thing(entity_id, EntityKind(kind), name, frozenset(roles), verdict)


def _alike(incident_id: int, first: int) -> list[Alike]:
    with connection.cursor() as cursor:
        cursor.execute(ALIKE, {"incident": incident_id, "first": first, "named": NAMED_OF_EACH})
        rows = cursor.fetchall()
    groups: dict[tuple[Any, ...], list[Thing]] = {}
    for *alike, entity_id, name, alerts in rows:
        thing = Thing(entity_id, EntityKind(alike[0]), name, verdict=alike[1], alerts=alerts)
        groups.setdefault(tuple(alike), []).append(thing)
    return [
        Alike(EntityKind(kind), verdict, remediation, criticality, in_first, number, things, by_hand)
        for (kind, verdict, remediation, criticality, in_first, by_hand, number), things in groups.items()
    ]
