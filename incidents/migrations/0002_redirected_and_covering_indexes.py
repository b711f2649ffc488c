"""An index for the few that were merged away, and an index of the open ones that also says who may see them.

The table's rows change often and its lists are read by index alone where they can be: vacuum comes early.
"""

from django.db import migrations, models

VACUUM_EARLY = """
ALTER TABLE incidents_incident SET (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
"""
VACUUM_AS_USUAL = """
ALTER TABLE incidents_incident RESET (
    autovacuum_vacuum_scale_factor,
    autovacuum_vacuum_insert_scale_factor,
    autovacuum_analyze_scale_factor
);
"""
NEWEST_FIRST = (
    models.OrderBy(models.F("last_activity"), descending=True),
    models.OrderBy(models.F("id"), descending=True),
)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="incident", name="incident_open_last"),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                *NEWEST_FIRST,
                condition=models.Q(status__in=[1, 2]),
                include=(
                    "status",
                    "severity",
                    "assignee_user",
                    "assignee_team",
                    "classification",
                    "created_at",
                    "tag_ids",
                    "restricted",
                ),
                name="incident_open_last",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(*NEWEST_FIRST, condition=models.Q(status=4), name="incident_redirected_last"),
        ),
        migrations.RunSQL(VACUUM_EARLY, VACUUM_AS_USUAL),
    ]
