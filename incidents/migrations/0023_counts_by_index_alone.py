"""Counting what a list hides reads an index alone."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_importing_incidents"),
        ("incidents", "0022_imported_logs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="incident",
            name="incident_redirected_last",
        ),
        migrations.RemoveIndex(
            model_name="incident",
            name="incident_unassigned",
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("status", 4)),
                include=("status", "severity", "assignee_user", "assignee_team", "classification", "restricted"),
                name="incident_redirected_last",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.F("assignee_user"),
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("status__in", [1, 2]), ("assignee_user__isnull", False)),
                include=("status", "severity", "classification", "restricted", "snoozed_until"),
                name="incident_open_user",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.F("assignee_team"),
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("status__in", [1, 2]), ("assignee_team__isnull", False)),
                include=("status", "severity", "classification", "restricted", "snoozed_until"),
                name="incident_open_team",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("assignee_team__isnull", True), ("assignee_user__isnull", True)),
                include=("status", "severity", "restricted", "snoozed_until", "assignee_user", "assignee_team"),
                name="incident_unassigned",
            ),
        ),
    ]
