"""Entities stored before their names could be found by a part get the trigrams of their names."""

import json

from django.db import migrations

from entities.trigrams import trigrams_of

AT_A_TIME = 2_000

# Another transaction may have stored or changed rows meanwhile: only what is empty is filled.
FILL = """
UPDATE entities_entity AS entity SET trigrams = given.trigrams
FROM json_to_recordset(%s) AS given (id bigint, trigrams varchar(3)[])
WHERE entity.id = given.id AND entity.trigrams = '{}'
"""


def fill(apps, schema_editor):
    entities = apps.get_model("entities", "Entity").objects.using(schema_editor.connection.alias)
    last = 0
    while True:
        rows = list(entities.filter(pk__gt=last).order_by("pk").values_list("pk", "key", "name")[:AT_A_TIME])
        if not rows:
            return
        last = rows[-1][0]
        with schema_editor.connection.cursor() as cursor:
            given = [{"id": number, "trigrams": trigrams_of(key, name)} for number, key, name in rows]
            cursor.execute(FILL, [json.dumps(given)])


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0002_entity_trigrams"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
