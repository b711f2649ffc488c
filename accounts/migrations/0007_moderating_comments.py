"""Leads and administrators may edit and remove what others have written."""

import django.contrib.postgres.fields
from django.db import migrations, models

MODERATE = "moderate_comments"


def give_to_leads(apps, schema_editor):
    roles = apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(slug__in=("lead", "admin")):
        if MODERATE not in role.permissions:
            role.permissions = [*role.permissions, MODERATE]
            role.save(update_fields=["permissions"])


def take_back(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias).all():
        role.permissions = [each for each in role.permissions if each != MODERATE]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_empty_texts")]

    operations = [
        migrations.AlterField(
            model_name="role",
            name="permissions",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("see_incidents", "See incidents that are not restricted"),
                        ("edit_incidents", "Assign, classify, tag, comment on and resolve incidents"),
                        ("moderate_comments", "Edit and remove what others have written or attached"),
                        ("bulk_edit", "Change several incidents at once"),
                        ("merge_incidents", "Merge incidents and move alerts"),
                        ("restrict_incidents", "Restrict incidents and name their members"),
                        ("break_glass", "Open restricted incidents by break-glass"),
                        ("see_restricted", "See every restricted incident, unnamed"),
                        ("export", "Export what one sees"),
                        ("send_alerts", "Send alerts"),
                        ("manage_rules", "Manage rules and critical assets"),
                        ("manage_people", "Manage users, teams, roles and tokens"),
                        ("see_system_log", "Read the system's log, and take logs out"),
                        ("empty_texts", "Empty texts for good, and say how long they are kept"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.RunPython(give_to_leads, take_back),
    ]
