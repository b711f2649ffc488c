"""What the queue shows of an incident's alerts, computed from them; kept on its row, and compared with it here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from entities.choices import ASSET_KINDS
from incidents.models import Incident
from incidents.rules import NameFacts, automatic_name


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
    automatic_name: str


FIELDS = tuple(name for name in Summary.__slots__ if name != "incident_id")

SQL = """
SELECT incident.id, alert.total, alert.active, alert.first_activity, alert.last_activity, alert.severity,
       alert.service_sources, alert.titles, alert.sources,
       coalesce((SELECT array_agg(DISTINCT category ORDER BY category)
                 FROM alerts_alert, unnest(categories) AS category WHERE incident_id = incident.id), '{}'),
       coalesce((SELECT jsonb_object_agg(kind, number)
                 FROM (SELECT entity.kind, count(DISTINCT entity.id) AS number
                       FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
                       WHERE evidence.incident_number = incident.id AND entity.kind = ANY(%(asset_kinds)s)
                       GROUP BY entity.kind) AS counted), '{}'),
       coalesce((SELECT array_agg(tag_id ORDER BY tag_id)
                 FROM incidents_incidenttag WHERE incident_id = incident.id), '{}')
FROM incidents_incident AS incident
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE status IN (1, 2)) AS active,
           min(first_activity) AS first_activity,
           max(last_activity) AS last_activity,
           max(severity) AS severity,
           coalesce(array_agg(DISTINCT service_source ORDER BY service_source)
                    FILTER (WHERE service_source <> ''), '{}') AS service_sources,
           (array_agg(title ORDER BY first_activity, id))[1:1]
               || (array_agg(title ORDER BY title) FILTER (WHERE title <> (
                      SELECT title FROM alerts_alert WHERE incident_id = incident.id
                      ORDER BY first_activity, id LIMIT 1)))[1:1] AS titles,
           count(DISTINCT coalesce(nullif(service_source, ''), source)) AS sources
    FROM alerts_alert WHERE incident_id = incident.id
) AS alert
WHERE incident.id = ANY(%(ids)s) AND alert.total > 0
ORDER BY incident.id
"""


def summarise(incident_ids: Iterable[int]) -> list[Summary]:
    """What these incidents' rows should say; incidents without alerts (merged away) are left out."""
    parameters: dict[str, Any] = {"ids": list(incident_ids), "asset_kinds": [str(kind) for kind in ASSET_KINDS]}
    with connection.cursor() as cursor:
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
            if kept != true:
                found.append(f"incident {incident.pk}: {name} says {kept!r}, its alerts say {true!r}")
    return found


def apply(incident: Incident, summary: Summary) -> None:
    """Put a summary on the row in memory; name and severity given by hand stay."""
    for name in FIELDS:
        setattr(incident, name, getattr(summary, name))
    if not incident.name_is_manual:
        incident.name = summary.automatic_name
    if not incident.severity_is_manual:
        incident.severity = summary.automatic_severity


def _summary(row: Sequence[Any]) -> Summary:
    (incident_id, total, active, first, last, severity, sources, titles, source_count, categories, assets, tags) = row
    asset_counts = json.loads(assets)
    name = automatic_name(NameFacts(titles, categories, asset_counts, source_count))
    return Summary(incident_id, total, active, first, last, severity, sources, categories, asset_counts, tags, name)
