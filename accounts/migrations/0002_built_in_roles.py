from django.db import migrations

from accounts.choices import BUILT_IN_ROLES


def add_roles(apps, schema_editor):
    Role = apps.get_model("accounts", "Role")
    for slug, (name, permissions) in BUILT_IN_ROLES.items():
        Role.objects.using(schema_editor.connection.alias).update_or_create(
            slug=slug, defaults={"name": name, "permissions": [str(permission) for permission in permissions]}
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    # Nothing to undo: the table goes with the migration before.
    operations = [migrations.RunPython(add_roles, migrations.RunPython.noop)]
