"""An index of what is assigned to nobody."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_parts_of_a_list_that_are_closed"),
        ("incidents", "0009_filters_by_first_activity_and_alerts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                models.OrderBy(models.F("last_activity"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("assignee_team__isnull", True), ("assignee_user__isnull", True)),
                name="incident_unassigned",
            ),
        ),
    ]
