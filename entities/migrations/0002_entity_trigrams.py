"""Any part of an entity's name can be searched for."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="entity",
            name="trigrams",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=3), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["trigrams"], name="entity_trigrams"
            ),
        ),
    ]
