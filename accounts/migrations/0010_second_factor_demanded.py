"""A role may demand a second factor of whoever holds it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_answers_kept_for_repeats")]

    operations = [
        migrations.AddField(
            model_name="role",
            name="demands_second_factor",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
