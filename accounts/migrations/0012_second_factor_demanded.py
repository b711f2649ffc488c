"""A role may demand a second factor of whoever holds it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_managing_webhooks")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="demands_second_factor",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
