"""Logs that came along with imported incidents."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0021_looks_at_restricted_ones"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportedLog",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("place", models.PositiveIntegerField()),
                ("system", models.CharField(blank=True, max_length=200)),
                ("number", models.BigIntegerField()),
                ("name", models.CharField(max_length=500)),
                ("history", models.JSONField(default=dict)),
                ("archive_sha256", models.CharField(max_length=64)),
                ("archived_at", models.DateTimeField()),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("entries", models.PositiveIntegerField()),
                ("head", models.CharField(max_length=64)),
                ("imported_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("imported_by", models.CharField(max_length=200)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imported_logs",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("place", 0)), fields=("head",), name="imported_log_of_an_incident_once"
                    )
                ],
            },
        ),
    ]
