"""Words of incidents wait in a short list before they are sorted into their index; changed in place, not built anew."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations

NAME = "incident_search_words"


class Migration(migrations.Migration):
    dependencies = [("incidents", "0019_attachments")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    f"ALTER INDEX {NAME} SET (fastupdate = on, gin_pending_list_limit = 512)",
                    f"ALTER INDEX {NAME} RESET (gin_pending_list_limit); ALTER INDEX {NAME} SET (fastupdate = off)",
                )
            ],
            [
                migrations.RemoveIndex("IncidentSearch", NAME),
                migrations.AddIndex(
                    "IncidentSearch",
                    GinIndex(fields=["words"], fastupdate=True, gin_pending_list_limit=512, name=NAME),
                ),
            ],
        )
    ]
