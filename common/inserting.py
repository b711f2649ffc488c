"""Adding many rows in one statement, on behalf of the command that calls it.

Django's bulk_create prepares each value of each row by itself, and the driver quotes each: of alerts that come in, that
would be most of the work. Here the rows go over as one JSON text, which the database takes apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def insert(rows: Sequence[Row]) -> list[Row]:
    """Add rows of one model, in the order given, and tell them their keys where the database gives them.

    No signals, no `save` of the model; binary and generated fields are left to the database.
    """
    found = list(rows)
    if not found:
        return found
    statement, names, key = _statement(type(found[0]))
    values = [{name: getattr(row, name) for name in names} for row in found]
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(values, default=_plain, ensure_ascii=False)])
        if key:
            for row, (number,) in zip(found, cursor.fetchall(), strict=True):
                setattr(row, key, number)
    for row in found:
        row._state.adding = False
        row._state.db = "default"
    return found


@cache
def _statement(model: type[models.Model]) -> tuple[str, tuple[str, ...], str]:
    """SQL for any number of rows of a model, the attributes that it takes, and the one that it gives."""
    meta = model._meta
    given = meta.pk if isinstance(meta.pk, models.AutoField) else None
    fields = [
        field
        for field in meta.concrete_fields
        if field is not given and not field.generated and not isinstance(field, models.BinaryField)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    types = ", ".join(f'"{field.attname}" {_type(field)}' for field in fields)
    chosen = ", ".join(f'"{field.attname}"' for field in fields)
    statement = (
        f'INSERT INTO "{meta.db_table}" ({columns}) SELECT {chosen} FROM json_to_recordset(%s) AS fresh ({types})'
    )
    if given:
        statement += f' RETURNING "{given.column}"'
    return statement, tuple(field.attname for field in fields), given.attname if given else ""


def _type(field: Any) -> str:
    """The column's type, without what only a table can say, such as an identity."""
    return str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection)).partition(" CHECK")[0]


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be inserted as JSON")
