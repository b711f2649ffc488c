"""Assets that were stored before there were classifications are judged by them, in the background."""

from django.db import migrations


def ask(apps, schema_editor):
    alias = schema_editor.connection.alias
    kinds = ["device", "user", "mailbox", "application", "cloud_resource"]
    assets = apps.get_model("entities", "Entity").objects.using(alias).filter(kind__in=kinds)
    if total := assets.count():
        apps.get_model("incidents", "Reassessment").objects.using(alias).create(
            actor={"kind": "system", "label": "Watchfloor", "id": None, "channel": "system"},
            cause="The first classifications",
            total=total,
        )


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0005_starting_classifications"),
        ("incidents", "0014_reassessments"),
    ]

    # Nothing to undo: the job goes with its table.
    operations = [migrations.RunPython(ask, migrations.RunPython.noop)]
