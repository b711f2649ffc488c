"""That checkpoints were written, so that a file that was cut or lost is noticed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("activity", "0004_canonical_form_in_line")]

    operations = [
        migrations.CreateModel(
            name="CheckpointMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("signed_at", models.DateTimeField()),
                ("entries", models.BigIntegerField()),
                ("chains", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=44)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("key", "number"), name="checkpoint_mark_once")],
                "indexes": [models.Index(fields=["-number"], name="checkpoint_mark_newest")],
            },
        ),
    ]
