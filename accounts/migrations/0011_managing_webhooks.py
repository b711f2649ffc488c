"""A permission to manage webhooks; administrators have it."""

import django.contrib.postgres.fields
from django.db import migrations, models

MANAGE = "manage_webhooks"


def give_to_administrators(apps, schema_editor):
    roles = apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.filter(slug="admin"):
        if MANAGE not in role.permissions:
            role.permissions = [*role.permissions, MANAGE]
            role.save(update_fields=["permissions"])


def take_back(apps, schema_editor):
    for role in apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias).all():
        role.permissions = [each for each in role.permissions if each != MANAGE]
        role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_answers_kept_for_repeats")]

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
                        ("import_incidents", "Import incidents from archives of another Watchfloor"),
                        ("send_alerts", "Send alerts"),
                        ("manage_rules", "Manage rules and critical assets"),
                        ("manage_webhooks", "Have other systems told of what happens to incidents"),
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
        migrations.RunPython(give_to_administrators, take_back),
    ]
