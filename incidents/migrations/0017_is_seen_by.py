"""Who sees one restricted incident, as a function: asked of single rows, and planned once a session."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION incidents_is_seen_by(incident bigint, person bigint) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM incidents_access AS access WHERE access.incident_id = incident AND access.user_id = person
    );
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0016_bulk_acts_on_alerts")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION incidents_is_seen_by(bigint, bigint)")]
