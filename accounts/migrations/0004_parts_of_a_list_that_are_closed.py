"""What of a list a person closed."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_list_settings"),
    ]

    operations = [
        migrations.AddField(
            model_name="listsettings",
            name="closed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120), default=list, size=None
            ),
        ),
    ]
