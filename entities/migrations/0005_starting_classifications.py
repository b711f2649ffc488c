"""Domain controllers, executives, identity systems and backup servers: what every installation starts with."""

from dataclasses import asdict

from django.db import migrations

from entities.starting_classifications import STARTING_CLASSIFICATIONS


def add(apps, schema_editor):
    rows = apps.get_model("entities", "AssetClassification").objects.using(schema_editor.connection.alias)
    for slug, values in STARTING_CLASSIFICATIONS.items():
        rows.get_or_create(slug=slug, defaults=asdict(values))


class Migration(migrations.Migration):
    dependencies = [("entities", "0004_critical_assets")]

    # Nothing to undo: the table goes with the migration before.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
