"""What the queue shows of an incident's alerts, computed from them; kept on its row, and compared with it here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from alerts.choices import ATTACK_TACTICS, Severity
from common.planned import planned_cursor
from entities.choices import ASSET_KINDS
from entities.rules import highest
from incidents.facets import COMMENTED, Facet, facets_of
from incidents.models import Incident
from incidents.rules import NameFacts, PriorityFacts, automatic_name, priority_factors
from incidents.weighing import weigh


@dataclass(frozen=True, slots=True)
class Summary:
    """The denormalised fields of one incident, as its alerts, evidence and tags say they should be."""

    incident_id: int
    alerts_total: int
    alerts_active: int
    first_activity: datetime
    last_activity: datetime
    automatic_severity: int
    service_sources: list[str]
    categories: list[str]
    asset_counts: dict[str, int]
    tag_ids: list[int]
    facets: list[str]
    """Without COMMENTED, which the log tells, not the alerts."""
    automatic_name: str
    techniques: list[str]
    is_marked: bool
    """Whether it has the tag of a critical asset."""
    weight: PriorityFacts


FIELDS = tuple(name for name in Summary.__slots__ if name not in ("incident_id", "techniques", "is_marked", "weight"))
STEADY_FACTORS = ("severity", "attack", "tactics", "kinds")
"""Factors of a priority that neither the hour nor other incidents' alerts change."""
STEADY_FACETS = tuple(
    f"{kind}:" for kind in (Facet.ALERT_SEVERITY, Facet.DETECTION_SOURCE, Facet.CATEGORY, Facet.TECHNIQUE)
)
"""Beginnings of the facets that alerts tell; what is known of a device may be learnt from another incident's alerts."""

# Each table is read once for all incidents, and what is to be told apart is grouped: a batch of alerts that come in
# touches hundreds of incidents, and asking for each by itself takes longer than all the rest.
SQL = """
WITH own AS MATERIALIZED (
    SELECT incident_id, id, title, status, severity, source, service_source, detection_source, categories, techniques,
           first_activity, last_activity, kind.seen
    FROM alerts_alert LEFT JOIN alerts_alertkind AS kind USING (title)
    WHERE incident_id = ANY(%(ids)s::bigint[])
), asset AS MATERIALIZED (
    SELECT evidence.incident_number AS incident_id, entity.kind, entity.attributes ->> 'device_group' AS device_group,
           entity.attributes ->> 'os' AS platform, entity.criticality
    FROM (SELECT DISTINCT incident_number, entity_id FROM alerts_evidence
          WHERE incident_number = ANY(%(ids)s::bigint[])) AS evidence
    JOIN entities_entity AS entity ON entity.id = evidence.entity_id
    WHERE entity.kind = ANY(%(asset_kinds)s::text[])
)
SELECT incident_id, alert.total, alert.active, alert.first_activity, alert.last_activity, alert.severity,
       alert.service_sources, alert.first_title, alert.titles, alert.sources, coalesce(category.slugs, '{}'),
       coalesce(technique.ids, '{}'), alert.severities, alert.detection_sources, alert.kinds, alert.rarest,
       coalesce(counted.kinds, '{}'), coalesce(said.device_groups, '{}'), coalesce(said.platforms, '{}'),
       coalesce(said.criticalities, '{}'),
       coalesce(tagged.ids, '{}'), coalesce(tagged.attacks, '{}'), coalesce(tagged.is_marked, false)
FROM (
    SELECT incident_id,
           count(*) AS total,
           count(*) FILTER (WHERE status IN (1, 2)) AS active,
           min(first_activity) AS first_activity,
           max(last_activity) AS last_activity,
           max(severity) AS severity,
           coalesce(array_agg(DISTINCT service_source ORDER BY service_source)
                    FILTER (WHERE service_source <> ''), '{}') AS service_sources,
           (array_agg(title ORDER BY first_activity, id))[1] AS first_title,
           (array_agg(DISTINCT title ORDER BY title))[1:2] AS titles,
           count(DISTINCT coalesce(nullif(service_source, ''), source)) AS sources,
           count(DISTINCT title) AS kinds,
           array_agg(DISTINCT severity) AS severities,
           coalesce(array_agg(DISTINCT detection_source) FILTER (WHERE detection_source <> ''), '{}')
               AS detection_sources,
           CASE WHEN EXISTS (SELECT FROM alerts_alertkind) THEN min(coalesce(seen, 0)) END AS rarest
    FROM own GROUP BY incident_id
) AS alert
LEFT JOIN (
    SELECT incident_id, array_agg(DISTINCT slug ORDER BY slug) AS slugs
    FROM own, unnest(categories) AS slug GROUP BY incident_id
) AS category USING (incident_id)
LEFT JOIN (
    SELECT incident_id, array_agg(DISTINCT technique ORDER BY technique) AS ids
    FROM own, unnest(techniques) AS technique GROUP BY incident_id
) AS technique USING (incident_id)
LEFT JOIN (
    SELECT incident_id, jsonb_object_agg(kind, number) AS kinds
    FROM (SELECT incident_id, kind, count(*) AS number FROM asset GROUP BY incident_id, kind) AS of_kind
    GROUP BY incident_id
) AS counted USING (incident_id)
LEFT JOIN (
    SELECT incident_id,
           array_agg(DISTINCT device_group) FILTER (WHERE device_group <> '') AS device_groups,
           array_agg(DISTINCT platform) FILTER (WHERE platform <> '') AS platforms,
           array_agg(DISTINCT criticality) FILTER (WHERE criticality <> '') AS criticalities
    FROM asset GROUP BY incident_id
) AS said USING (incident_id)
LEFT JOIN (
    SELECT incident_id, array_agg(tag.id ORDER BY tag.id) AS ids,
           array_agg(tag.name) FILTER (WHERE tag.kind = 'attack') AS attacks,
           bool_or(tag.kind = 'critical') AS is_marked
    FROM incidents_incidenttag JOIN incidents_tag AS tag ON tag.id = tag_id
    WHERE incident_id = ANY(%(ids)s::bigint[]) GROUP BY incident_id
) AS tagged USING (incident_id)
ORDER BY incident_id
"""


TASKS = """
SELECT incident.id, count(task.id), count(task.id) FILTER (WHERE task.state IN ('new', 'in_progress'))
FROM unnest(%(ids)s::bigint[]) AS incident (id)
LEFT JOIN incidents_task AS task ON task.incident_id = incident.id AND task.removed_at IS NULL
GROUP BY incident.id
"""


def summarise(incident_ids: Iterable[int]) -> list[Summary]:
    """What these incidents' rows should say; incidents without alerts (merged away) are left out."""
    parameters: dict[str, Any] = {"ids": list(incident_ids), "asset_kinds": [str(kind) for kind in ASSET_KINDS]}
    with planned_cursor() as cursor:
        cursor.execute(SQL, parameters)
        return [_summary(row) for row in cursor.fetchall()]


def differences(incidents: Sequence[Incident]) -> list[str]:
    """Where the rows do not say what their alerts say, one sentence each; empty when all is well."""
    found = []
    by_id = {incident.pk: incident for incident in incidents}
    for summary in summarise(by_id):
        incident = by_id[summary.incident_id]
        for name in FIELDS:
            kept, true = getattr(incident, name), getattr(summary, name)
            if name == "facets":
                kept, true = ([word for word in words if word.startswith(STEADY_FACETS)] for words in (kept, true))
            if kept != true:
                found.append(f"incident {incident.pk}: {name} says {kept!r}, its alerts say {true!r}")
        found += _wrong_weight(incident, summary)
    return [*found, *_wrong_tasks(by_id)]


def _wrong_tasks(by_id: dict[int, Incident]) -> Iterable[str]:
    """Asked apart from the summary, which every alert that comes in computes and no task depends on."""
    with connection.cursor() as cursor:
        cursor.execute(TASKS, {"ids": list(by_id)})
        for number, total, left in cursor.fetchall():
            incident = by_id[number]
            if (incident.tasks_total, incident.tasks_open) != (total, left):
                kept = f"{incident.tasks_open} open of {incident.tasks_total}"
                yield f"incident {number}: its row says {kept} tasks, they themselves say {left} of {total}"


def _wrong_weight(incident: Incident, summary: Summary) -> Iterable[str]:
    kept = [list(factor) for factor in incident.priority_factors if factor[0] in STEADY_FACTORS]
    weigh(incident, priority_factors(summary.weight))
    true = [list(factor) for factor in incident.priority_factors if factor[0] in STEADY_FACTORS]
    if kept != true:
        yield f"incident {incident.pk}: priority_factors say {kept!r}, its alerts say {true!r}"


def apply(incident: Incident, summary: Summary) -> None:
    """Put a summary on the row in memory; name and severity given by hand stay."""
    is_commented = COMMENTED in incident.facets
    for name in FIELDS:
        setattr(incident, name, getattr(summary, name))
    if is_commented:
        incident.facets = [*incident.facets, COMMENTED]
    if not incident.name_is_manual:
        incident.name = summary.automatic_name
    if not incident.severity_is_manual:
        incident.severity = summary.automatic_severity
    weigh(incident, priority_factors(summary.weight))


def _summary(row: Sequence[Any]) -> Summary:
    incident_id, total, active, first, last, severity, sources, first_title, titles, source_count = row[:10]
    categories, techniques, severities, detection_sources, kinds, rarest = row[10:16]
    assets, groups, platforms, criticalities, tag_ids, attacks, is_marked = row[16:]
    asset_counts = json.loads(assets)
    titles = [first_title, *(title for title in titles if title != first_title)][:2]
    return Summary(
        incident_id=incident_id,
        alerts_total=total,
        alerts_active=active,
        first_activity=first,
        last_activity=last,
        automatic_severity=severity,
        service_sources=sources,
        categories=categories,
        asset_counts=asset_counts,
        tag_ids=tag_ids,
        facets=facets_of(
            {
                Facet.ALERT_SEVERITY: [Severity(each).slug for each in severities],
                Facet.DETECTION_SOURCE: detection_sources,
                Facet.CATEGORY: categories,
                Facet.TECHNIQUE: techniques,
                Facet.DEVICE_GROUP: groups,
                Facet.OS_PLATFORM: platforms,
            }
        ),
        automatic_name=automatic_name(NameFacts(titles, categories, asset_counts, source_count)),
        techniques=techniques,
        is_marked=is_marked,
        weight=PriorityFacts(
            criticality=highest(criticalities),
            attacks=attacks,
            tactics=sum(category in ATTACK_TACTICS for category in categories),
            kinds=kinds,
            rarest=rarest,
        ),
    )
