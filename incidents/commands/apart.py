"""What a person has taken apart stays apart: part of moving alerts, read by correlation (queries/apart.py)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from incidents.models import Separation

ENTITIES = """
INSERT INTO incidents_separation (incident_id, moved_to_id, entity_id, source, source_incident, decided_at)
SELECT %(origin)s, %(to)s, entity_id, '', '', now()
FROM (SELECT DISTINCT entity_id FROM alerts_evidence WHERE alert_id = ANY(%(alerts)s)) AS moved
WHERE EXISTS (
    SELECT FROM alerts_evidence AS kept WHERE kept.incident_number = %(origin)s AND kept.entity_id = moved.entity_id)
ON CONFLICT DO NOTHING RETURNING id
"""
SOURCE_INCIDENTS = """
INSERT INTO incidents_separation (incident_id, moved_to_id, source, source_incident, decided_at)
SELECT DISTINCT %(origin)s, %(to)s, moved.source, moved.source_incident, now()
FROM alerts_alert AS moved
WHERE moved.id = ANY(%(alerts)s) AND moved.source_incident <> '' AND EXISTS (
    SELECT FROM alerts_alert AS kept WHERE kept.incident_id = %(origin)s
    AND (kept.source, kept.source_incident) = (moved.source, moved.source_incident))
ON CONFLICT DO NOTHING RETURNING id
"""
REUNITED = """
DELETE FROM incidents_separation AS separation
WHERE incident_id = %(to)s AND moved_to_id = %(origin)s AND (
    EXISTS (SELECT FROM alerts_evidence WHERE alert_id = ANY(%(alerts)s) AND entity_id = separation.entity_id)
    OR EXISTS (SELECT FROM alerts_alert AS moved WHERE moved.id = ANY(%(alerts)s)
               AND (moved.source, moved.source_incident) = (separation.source, separation.source_incident)))
RETURNING entity_id, source, source_incident
"""
FORMER = """
INSERT INTO incidents_separation (incident_id, moved_to_id, entity_id, source, source_incident, decided_at)
SELECT %(to)s, %(origin)s, former.entity_id, former.source, former.source_incident, now()
FROM jsonb_to_recordset(%(voided)s) AS former (entity_id bigint, source text, source_incident text)
WHERE former.entity_id IS NULL OR EXISTS (SELECT FROM entities_entity WHERE id = former.entity_id)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Parting:
    """What one move decided: separations by their ids, and earlier ones of the opposite direction that it voided."""

    made: list[int] = field(default_factory=list)
    voided: list[tuple[int | None, str, str]] = field(default_factory=list)


def take_apart(origin_id: int, to_id: int, alert_ids: Sequence[int]) -> Parting:
    """These alerts have just left the one incident for the other: what they share with those that stayed ties no new
    alert to it any more. Brought back, they undo an earlier decision of the same kind."""
    values: dict[str, Any] = {"origin": origin_id, "to": to_id, "alerts": list(alert_ids)}
    with connection.cursor() as cursor:
        cursor.execute(REUNITED, values)
        voided = [tuple(row) for row in cursor.fetchall()]
        made = []
        for statement in (ENTITIES, SOURCE_INCIDENTS):
            cursor.execute(statement, values)
            made += [number for (number,) in cursor.fetchall()]
    return Parting(made, voided)


def take_back_parting(origin_id: int, to_id: int, parting: Parting) -> None:
    """The move from the one to the other is undone, and with it what it decided; what it voided holds again."""
    Separation.objects.filter(pk__in=parting.made).delete()
    if parting.voided:
        names = ("entity_id", "source", "source_incident")
        voided = json.dumps([dict(zip(names, row, strict=True)) for row in parting.voided])
        with connection.cursor() as cursor:
            cursor.execute(FORMER, {"origin": origin_id, "to": to_id, "voided": voided})
