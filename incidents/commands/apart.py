"""What a person has taken apart stays apart: part of moving alerts, read by correlation (queries/apart.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

ENTITIES = """
INSERT INTO incidents_separation (incident_id, moved_to_id, entity_id, source, source_incident, decided_at)
SELECT %(origin)s, %(to)s, entity_id, '', '', now()
FROM (SELECT DISTINCT entity_id FROM alerts_evidence WHERE alert_id = ANY(%(alerts)s)) AS moved
WHERE EXISTS (
    SELECT FROM alerts_evidence AS kept WHERE kept.incident_number = %(origin)s AND kept.entity_id = moved.entity_id)
ON CONFLICT DO NOTHING
"""
SOURCE_INCIDENTS = """
INSERT INTO incidents_separation (incident_id, moved_to_id, source, source_incident, decided_at)
SELECT DISTINCT %(origin)s, %(to)s, moved.source, moved.source_incident, now()
FROM alerts_alert AS moved
WHERE moved.id = ANY(%(alerts)s) AND moved.source_incident <> '' AND EXISTS (
    SELECT FROM alerts_alert AS kept WHERE kept.incident_id = %(origin)s
    AND (kept.source, kept.source_incident) = (moved.source, moved.source_incident))
ON CONFLICT DO NOTHING
"""
REUNITED = """
DELETE FROM incidents_separation AS separation
WHERE incident_id = %(to)s AND moved_to_id = %(origin)s AND (
    EXISTS (SELECT FROM alerts_evidence WHERE alert_id = ANY(%(alerts)s) AND entity_id = separation.entity_id)
    OR EXISTS (SELECT FROM alerts_alert AS moved WHERE moved.id = ANY(%(alerts)s)
               AND (moved.source, moved.source_incident) = (separation.source, separation.source_incident)))
"""


def take_apart(origin_id: int, to_id: int, alert_ids: Sequence[int]) -> None:
    """These alerts have just left the one incident for the other: what they share with those that stayed ties no new
    alert to it any more. Brought back, they undo an earlier decision of the same kind."""
    values: dict[str, Any] = {"origin": origin_id, "to": to_id, "alerts": list(alert_ids)}
    with connection.cursor() as cursor:
        for statement in (REUNITED, ENTITIES, SOURCE_INCIDENTS):
            cursor.execute(statement, values)
