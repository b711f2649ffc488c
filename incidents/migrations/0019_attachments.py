"""Files that people attach to incidents."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0018_retention"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("media_type", models.CharField(max_length=80)),
                ("width", models.PositiveIntegerField(null=True)),
                ("height", models.PositiveIntegerField(null=True)),
                ("small_size", models.PositiveIntegerField(null=True)),
                ("small_sha256", models.CharField(blank=True, max_length=64)),
                ("small_width", models.PositiveIntegerField(null=True)),
                ("small_height", models.PositiveIntegerField(null=True)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("user", "Person"),
                            ("token", "Service token"),
                            ("rule", "Rule"),
                            ("system", "System"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_id", models.BigIntegerField(null=True)),
                ("added_by", models.CharField(max_length=200)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                ("removed_by", models.CharField(blank=True, max_length=200)),
                ("erased_at", models.DateTimeField(null=True)),
                ("damaged_at", models.DateTimeField(null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="attachments", to="incidents.incident"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["incident", "added_at"], name="attachment_of_incident")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at__isnull", True), ("removed_at__isnull", False), _connector="OR"),
                        name="attachment_erased_after_removal",
                    )
                ],
            },
        ),
    ]
