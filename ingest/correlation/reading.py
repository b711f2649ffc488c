"""What the database knows of the entities of alerts that have just come in, within the time that could matter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from common.planned import planned_cursor
from incidents.queries.apart import apart_by_entity, apart_by_source_incident
from ingest.actors import TUNING
from ingest.correlation.join_rules import JoinRules
from ingest.correlation.placing import (
    ATTACKING,
    PLACES_PER_ENTITY,
    SUSPECTED,
    Candidate,
    Home,
    Known,
    Placement,
    Tie,
    place,
    ties_of,
)

# Three branches, because only the first can be answered by the index alone; the second is `counts` in SQL, and the
# third asks about the alerts as well, which only rules that leave some aside need.
SIGHTINGS = """
SELECT tie.entity_id, sighting.incident_number, sighting.event_time, incident.status IN (1, 2),
       incident.alerts_total, sighting.source, sighting.detector_id, sighting.severity
FROM unnest(%(entities)s::bigint[], %(kinds)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[],
            %(asking)s::boolean[]) AS tie (entity_id, kind, since, until, is_asking)
CROSS JOIN LATERAL (
    (SELECT incident_number, event_time, NULL AS source, NULL AS detector_id, NULL::smallint AS severity
     FROM alerts_evidence
     WHERE tie.kind NOT IN ('ip', 'file') AND NOT tie.is_asking AND entity_id = tie.entity_id
           AND event_time BETWEEN tie.since AND tie.until
     ORDER BY event_time DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT incident_number, event_time, NULL, NULL, NULL::smallint FROM alerts_evidence
     WHERE tie.kind IN ('ip', 'file') AND NOT tie.is_asking AND entity_id = tie.entity_id
           AND event_time BETWEEN tie.since AND tie.until
           AND (tie.kind = 'file' OR roles && %(attacking)s::varchar[])
           AND (tie.kind = 'ip' OR verdict = ANY(%(suspected)s))
     ORDER BY event_time DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT incident_number, event_time, alert.source, alert.detector_id, alert.severity
     FROM alerts_evidence AS evidence JOIN alerts_alert AS alert ON alert.id = evidence.alert_id
     WHERE tie.is_asking AND entity_id = tie.entity_id AND event_time BETWEEN tie.since AND tie.until
           AND (tie.kind <> 'ip' OR roles && %(attacking)s::varchar[])
           AND (tie.kind <> 'file' OR verdict = ANY(%(suspected)s))
     ORDER BY event_time DESC LIMIT %(limit)s)
) AS sighting
JOIN incidents_incident AS incident ON incident.id = sighting.incident_number
WHERE NOT incident.restricted AND incident.status IN (1, 2, 3)
      AND (incident.status <> 3 OR incident.resolved_by <> %(tuning)s)
"""

SOURCE_INCIDENTS = """
SELECT wanted.source, wanted.source_incident, alert.incident_id, alert.alerts_total, alert.detector_id, alert.severity
FROM unnest(%s::text[], %s::text[]) AS wanted (source, source_incident)
CROSS JOIN LATERAL (
    SELECT alert.id, alert.incident_id, alert.detector_id, alert.severity, incident.alerts_total
    FROM alerts_alert AS alert JOIN incidents_incident AS incident ON incident.id = alert.incident_id
    WHERE alert.source = wanted.source AND alert.source_incident = wanted.source_incident
          AND alert.source_incident <> '' AND incident.status IN (1, 2) AND NOT incident.restricted
    ORDER BY alert.id DESC LIMIT %s
) AS alert
ORDER BY alert.id
"""


def place_all(candidates: Sequence[Candidate], rules: JoinRules) -> list[Placement]:
    """Decide for each alert, in order; later ones see where earlier ones went. One read of the database for all."""
    tied = [ties_of(candidate, rules) for candidate in candidates]
    known = _read(candidates, tied, rules)
    return [place(*each, known, rules) for each in zip(candidates, tied, strict=True)]


def _read(candidates: Sequence[Candidate], tied: Sequence[Sequence[Tie]], rules: JoinRules) -> Known:
    known = Known()
    spans: dict[int, tuple[datetime, datetime]] = {}
    asked = {}
    for candidate, ties in zip(candidates, tied, strict=True):
        for tie in ties:
            rule = tie.rule.rule
            asked[tie.entity_id] = tie.rule
            since, until = candidate.first_activity - rule.window, candidate.last_activity + rule.window
            earlier = spans.get(tie.entity_id, (since, until))
            spans[tie.entity_id] = min(since, earlier[0]), max(until, earlier[1])
    if spans:
        entities = sorted(spans)
        with planned_cursor() as cursor:
            cursor.execute(
                SIGHTINGS,
                {
                    "entities": entities,
                    "kinds": [str(asked[entity].rule.kind) for entity in entities],
                    "since": [spans[entity][0] for entity in entities],
                    "until": [spans[entity][1] for entity in entities],
                    "asking": [asked[entity].is_conditional for entity in entities],
                    "attacking": sorted(role.slug for role in ATTACKING),
                    "suspected": sorted(verdict.slug for verdict in SUSPECTED),
                    "limit": PLACES_PER_ENTITY,
                    "tuning": TUNING.label,
                },
            )
            for entity_id, incident_id, time, is_open, size, source, detector, severity in cursor.fetchall():
                if source is not None and not asked[entity_id].admits(source, detector, severity):
                    continue
                home = Home(False, incident_id)
                known.by_entity[entity_id].append((time, home))
                known.sizes[home] = size
                if not is_open:
                    known.closed.add(home)
        for places in known.by_entity.values():
            places.sort()
        if known.by_entity:
            known.apart = {(entity, Home(False, number)) for entity, number in apart_by_entity(list(known.by_entity))}
    _read_groups(candidates, rules, known)
    return known


GROUP_LOOKBACK = 20
"""Of a sender's group so many of its latest alerts are asked about where the rule leaves some aside."""


def _read_groups(candidates: Sequence[Candidate], rules: JoinRules, known: Known) -> None:
    """In which open incidents the senders' own groups stand, by the latest alert of each."""
    grouping = rules.grouping
    grouped = sorted({(c.source, c.source_incident) for c in candidates if c.source_incident})
    if grouping is None or not grouped:
        return
    limit = GROUP_LOOKBACK if grouping.is_conditional else 1
    with connection.cursor() as cursor:
        cursor.execute(SOURCE_INCIDENTS, [[source for source, _ in grouped], [name for _, name in grouped], limit])
        for source, name, incident_id, size, detector, severity in cursor.fetchall():
            if grouping.admits(source, detector, severity):
                home = Home(False, incident_id)
                known.by_source_incident[source, name] = home
                known.sizes[home] = size
    if known.by_source_incident:
        apart = apart_by_source_incident(list(known.by_source_incident))
        known.groups_apart = {(source, name, Home(False, number)) for source, name, number in apart}
