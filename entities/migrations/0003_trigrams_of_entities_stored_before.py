"""Entities stored before their names could be found by a part get the trigrams of their names."""

from django.db import migrations

from entities.trigrams import FROM_TEXTS, indexed

AT_A_TIME = 2_000

# Another transaction may have stored or changed rows meanwhile: only what is empty is filled.
FILL = f"""
UPDATE entities_entity AS entity SET trigrams = {FROM_TEXTS.format(key="given.key", name="given.name")}
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given (id, key, name)
WHERE entity.id = given.id AND entity.trigrams = '{{}}'
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
            cursor.execute(
                FILL,
                [
                    [number for number, _, _ in rows],
                    [indexed(key) for _, key, _ in rows],
                    [indexed(name) for _, _, name in rows],
                ],
            )


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0002_entity_trigrams"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
