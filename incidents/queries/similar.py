"""Incidents that are like one incident, why, and how they were closed.

What it costs does not grow with the number of incidents: a bounded number of its entities and detectors are looked up
in indexes that hold the latest sightings first, and techniques are compared with the latest incidents only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.models import Principal
from alerts.choices import Classification, Determination
from entities.choices import EntityKind
from entities.noise import is_stored_noise
from incidents.choices import IncidentStatus
from incidents.models import Incident
from incidents.similarity import (
    LEAST,
    MOST_COMMON,
    ONLY_SUSPECTS,
    TECHNIQUE,
    Finding,
    Likeness,
    Majority,
    SharedDetector,
    SharedEntity,
    likeness,
    majority,
    techniques_of,
)

MOST_SHOWN = 20
MOST_ENTITIES = 60
MOST_DETECTORS = 20
"""Of an incident's own; those that look worst and that most alerts name are looked up."""
SIGHTINGS = 1_000
"""The latest sightings of an entity or detector that are looked at."""
LATEST = 2_000
"""The latest incidents, whose techniques are compared."""
WEIGHED = 100
"""Incidents that are compared in full."""

OWN_ENTITIES = """
SELECT entity.id, entity.kind, entity.key, entity.name, looks_bad
FROM (
    SELECT entity_id, count(*) AS sightings, bool_or(verdict IN ('malicious', 'suspicious')) AS suspected,
           bool_or(roles && '{source,attacker,command_and_control}'::varchar[]) AS attacking
    FROM alerts_evidence WHERE incident_number = %s GROUP BY entity_id
) AS own
JOIN entities_entity AS entity ON entity.id = own.entity_id
CROSS JOIN LATERAL (SELECT own.suspected OR (entity.kind = 'ip' AND own.attacking) AS looks_bad) AS judged
WHERE looks_bad OR entity.kind <> ALL(%s)
ORDER BY looks_bad DESC, own.sightings DESC, entity.id LIMIT %s
"""
DETECTOR = "coalesce(nullif(detector_id, ''), title)"
"""As the index alert_detector has it."""
OWN_DETECTORS = f"""
SELECT {DETECTOR}, min(title) FROM alerts_alert WHERE incident_id = %s
GROUP BY 1 ORDER BY max(severity) DESC, count(*) DESC, 1 LIMIT %s
"""
# Hidden incidents are left out before anything is counted or cut off, so that nothing depends on them.
SHARING = """
WITH hidden (number) AS MATERIALIZED ({hidden})
SELECT 'entity', tie.entity_id::text, array_agg(DISTINCT seen.incident_number)
FROM unnest(%s::bigint[]) AS tie (entity_id) CROSS JOIN LATERAL (
    SELECT incident_number FROM alerts_evidence AS evidence
    WHERE evidence.entity_id = tie.entity_id AND incident_number <> %s
          AND incident_number NOT IN (SELECT hidden.number FROM hidden)
    ORDER BY event_time DESC LIMIT %s
) AS seen GROUP BY tie.entity_id
UNION ALL
SELECT 'detector', tie.detector, array_agg(DISTINCT seen.incident_id)
FROM unnest(%s::text[]) AS tie (detector) CROSS JOIN LATERAL (
    SELECT incident_id FROM alerts_alert
    WHERE {detector} = tie.detector AND incident_id <> %s AND incident_id NOT IN (SELECT hidden.number FROM hidden)
    ORDER BY last_activity DESC LIMIT %s
) AS seen GROUP BY tie.detector
UNION ALL
SELECT 'techniques', '', array_agg(id) FROM (
    SELECT id FROM (
        SELECT id, facets, last_activity FROM incidents_incident
        WHERE id <> %s AND status IN (1, 2, 3) AND id NOT IN (SELECT hidden.number FROM hidden)
        ORDER BY last_activity DESC, id DESC LIMIT %s
    ) AS latest
    WHERE cardinality(%s::varchar[]) > 1
          AND (SELECT count(*) FROM unnest(facets) AS facet WHERE facet = ANY(%s::varchar[])) > 1
    ORDER BY (SELECT count(*) FROM unnest(facets) AS facet WHERE facet = ANY(%s::varchar[])) DESC,
             last_activity DESC, id DESC LIMIT %s
) AS told
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that is like the one looked at."""

    incident: Incident
    likeness: Likeness

    @property
    def is_closed(self) -> bool:
        return self.incident.status == IncidentStatus.RESOLVED


def similar(incident: Incident, principal: Principal, most: int = MOST_SHOWN) -> list[Similar]:
    """Those that this person or token may see, the most alike first; four statements."""
    entities, detectors = _own_entities(incident.pk), _own_detectors(incident.pk)
    sharing = _sharing(incident, principal, entities, detectors)
    by_entity: dict[int, list[SharedEntity]] = defaultdict(list)
    by_detector: dict[int, list[SharedDetector]] = defaultdict(list)
    for entity_id, kind, name, suspected in entities:
        others = sharing.get(("entity", str(entity_id)), ())
        if 0 < len(others) <= MOST_COMMON:
            shared = SharedEntity(entity_id, EntityKind(kind), name, suspected, len(others))
            for number in others:
                by_entity[number].append(shared)
    for key, title in detectors:
        others = sharing.get(("detector", key), ())
        for number in others:
            by_detector[number].append(SharedDetector(key, title, len(others)))
    found = _weighed(incident, principal, by_entity, by_detector, sharing.get(("techniques", ""), ()))
    found.sort(key=lambda one: (-one.likeness.points, -one.incident.last_activity.timestamp(), -one.incident.pk))
    return found[:most]


def consensus(found: Sequence[Similar]) -> Majority | None:
    """How most of the closed ones among them were classified."""
    return majority([finding_of(one.incident) for one in found if _counts(one)])


def _counts(one: Similar) -> bool:
    is_classified = one.incident.classification != Classification.NOT_SET
    return one.is_closed and is_classified and one.likeness.is_telling


def finding_of(incident: Incident) -> Finding:
    return Finding(Classification(incident.classification), Determination(incident.determination))


def _own_entities(incident_id: int) -> list[tuple[int, str, str, bool]]:
    """Entities that may tie the incident to others: id, kind, name, and whether it is suspected."""
    with connection.cursor() as cursor:
        cursor.execute(OWN_ENTITIES, [incident_id, [str(kind) for kind in ONLY_SUSPECTS], MOST_ENTITIES * 2])
        rows = cursor.fetchall()
    return [
        (entity_id, kind, name, suspected)
        for entity_id, kind, key, name, suspected in rows
        if not is_stored_noise(kind, key)
    ][:MOST_ENTITIES]


def _own_detectors(incident_id: int) -> list[tuple[str, str]]:
    """Its detectors with a title of each."""
    with connection.cursor() as cursor:
        cursor.execute(OWN_DETECTORS, [incident_id, MOST_DETECTORS])
        return cursor.fetchall()


def _sharing(
    incident: Incident,
    principal: Principal,
    entities: Sequence[tuple[int, str, str, bool]],
    detectors: Sequence[tuple[str, str]],
) -> dict[tuple[str, str], list[int]]:
    """For each entity and detector, and for techniques, the other incidents that have it as well."""
    hidden, parameters = Incident.objects.kept_from(principal).order_by().values("pk").query.sql_with_params()
    techniques = [f"{TECHNIQUE}{technique}" for technique in sorted(techniques_of(incident.facets))]
    ids = [entity_id for entity_id, *_ in entities]
    keys = [key for key, _ in detectors]
    values: list[Any] = [*parameters, ids, incident.pk, SIGHTINGS, keys, incident.pk, SIGHTINGS]
    values += [incident.pk, LATEST, techniques, techniques, techniques, WEIGHED]
    with connection.cursor() as cursor:
        cursor.execute(SHARING.format(hidden=hidden, detector=DETECTOR), values)
        return {(sort, key): numbers or [] for sort, key, numbers in cursor.fetchall()}


def _weighed(
    incident: Incident,
    principal: Principal,
    by_entity: dict[int, list[SharedEntity]],
    by_detector: dict[int, list[SharedDetector]],
    by_technique: Sequence[int],
) -> list[Similar]:
    """The likeliest of all that share something, compared in full."""

    def weight(number: int) -> tuple[float, int]:
        shared = (*by_entity.get(number, ()), *by_detector.get(number, ()))
        return sum(one.points for one in shared), number

    likeliest = sorted({*by_entity, *by_detector}, key=weight, reverse=True)[:WEIGHED]
    numbers = list(dict.fromkeys([*likeliest, *by_technique]))[: WEIGHED * 2]
    rows = Incident.objects.visible_to(principal).not_redirected().filter(pk__in=numbers)
    found = []
    for one in rows:
        shared = likeness(by_entity.get(one.pk, ()), by_detector.get(one.pk, ()), incident.facets, one.facets)
        if shared.points >= LEAST:
            found.append(Similar(one, shared))
    return found
