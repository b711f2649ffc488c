"""An incident with as many alerts and entities as asked for, in a statement for each table: for what size costs."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from incidents import summary
from incidents.models import Incident

BEGAN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KINDS = ("device", "user", "ip", "file", "domain", "url", "process")
TIME = f"'{BEGAN.isoformat()}'::timestamptz"
ENTITIES = f"""
INSERT INTO entities_entity (kind, key, name, attributes, first_seen, last_seen)
SELECT kind, 'large:' || number, kind || '-' || number || '.example', '{{}}', {TIME}, {TIME}
FROM (SELECT number, (%(kinds)s::text[])[1 + number %% cardinality(%(kinds)s::text[])] AS kind
      FROM generate_series(1, %(entities)s) AS number) AS made
ON CONFLICT DO NOTHING
"""
ALERTS = f"""
INSERT INTO alerts_alert (incident_id, source, external_id, title, description, severity, status, classification,
    determination, categories, techniques, service_source, detection_source, product_name, detector_id,
    recommended_actions, source_url, source_incident, first_activity, last_activity, received_at, updated_at, repeats,
    payload_sha256, link_rule, link_reason, linked_at)
SELECT %(incident)s, 'large', %(incident)s || '-' || number, 'Finding ' || number %% 20, 'What happened.',
    1 + number %% 4, 1 + number %% 2, 'not_set', 'not_set', '{{impact}}', '{{T1059.001}}', 'Sensor ' || number %% 3,
    '', '', '', '', '', '', {TIME} + number * interval '1 s', {TIME} + number * interval '1 s', {TIME}, {TIME}, 0, '',
    'opened', 'Same device.', {TIME}
FROM generate_series(1, %(alerts)s) AS number
"""
EVIDENCE = """
INSERT INTO alerts_evidence
    (alert_id, entity_id, incident_number, event_time, roles, verdict, remediation_status, details)
SELECT alert.id, entity.id, %(incident)s, alert.first_activity, '{attacked}',
    (ARRAY['unknown', 'suspicious', 'malicious'])[1 + turn.number %% 3], 'none', '{}'
FROM (SELECT id, first_activity, row_number() OVER (ORDER BY id) AS place FROM alerts_alert
      WHERE incident_id = %(incident)s) AS alert
CROSS JOIN generate_series(0, 2) AS turn (number)
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM entities_entity WHERE key LIKE 'large:%%') AS entity
    ON entity.place = (CASE WHEN turn.number = 0 THEN alert.place %% 5 ELSE alert.place * 2 + turn.number END)
        %% %(entities)s
ON CONFLICT DO NOTHING
"""


def large_incident(*, alerts: int, entities: int) -> Incident:
    """One incident; each alert names three of the entities, and five of them are named by a fifth of all alerts."""
    incident = Incident.objects.create(
        name="Large incident",
        name_is_manual=True,
        automatic_name="Large incident",
        severity=4,
        automatic_severity=4,
        first_activity=BEGAN,
        last_activity=BEGAN,
    )
    values = {"incident": incident.pk, "alerts": alerts, "entities": entities, "kinds": list(KINDS)}
    with connection.cursor() as cursor:
        for statement in (ENTITIES, ALERTS, EVIDENCE):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE alerts_alert, alerts_evidence, entities_entity")
    for summarised in summary.summarise([incident.pk]):
        summary.apply(incident, summarised)
    incident.save()
    return incident
