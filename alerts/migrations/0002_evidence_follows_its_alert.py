"""Evidence repeats its alert's incident; a foreign key over both columns keeps the two equal, moves included."""

from django.db import migrations

ADD = """
ALTER TABLE alerts_evidence ADD CONSTRAINT evidence_alert_incident
    FOREIGN KEY (alert_id, incident_number) REFERENCES alerts_alert (id, incident_id)
    ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE;
"""
DROP = "ALTER TABLE alerts_evidence DROP CONSTRAINT evidence_alert_incident;"


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_initial")]

    operations = [migrations.RunSQL(ADD, DROP)]
