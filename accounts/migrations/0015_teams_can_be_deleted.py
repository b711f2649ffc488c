"""A deleted team keeps its row, for what it was assigned to; its name is free again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_reset_requests")]

    operations = [
        migrations.AddField("team", "deleted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("team", "name", models.CharField(max_length=80)),
        migrations.AddConstraint(
            "team",
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(deleted_at__isnull=True),
                name="team_name_once",
                violation_error_message="There is a team of this name already.",
            ),
        ),
    ]
