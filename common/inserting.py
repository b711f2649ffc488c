"""Adding many rows in one statement, on behalf of the command that calls it.

Django's bulk_create prepares each value of each row by itself, and the driver quotes each: of alerts that come in, that
would be most of the work. Here the rows go over as one JSON text, which the database takes apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def insert(rows: Sequence[Row]) -> list[Row]:
    """Add rows of one model, in the order given, and tell them their keys where the database gives them: either all
    have theirs already (see `reserve`), or none has.

    No signals, no `save` of the model; binary and generated fields are left to the database.
    """
    found = list(rows)
    if not found:
        return found
    model, is_numbered = type(found[0]), found[0].pk is not None
    statement, fields = _statement(model, is_numbered)
    with connection.cursor() as cursor:
        cursor.execute(statement, [_json({name: getattr(row, name) for name in fields} for row in found)])
        if not is_numbered:
            for row, (number,) in zip(found, cursor.fetchall(), strict=True):
                row.pk = number
    for row in found:
        row._state.adding = False
        row._state.db = "default"
    return found


def insert_values(rows: Mapping[type[models.Model], Sequence[Mapping[str, Any]]]) -> None:
    """Add rows of several models that nobody needs as objects, in one statement: each by its attributes, what is left
    out being as the model has it where nothing is said. None of them refers to a key that the database gives another.
    """
    parts, parameters = [], []
    for model, values in rows.items():
        if values:
            statement, fields = _statement(model, model._meta.pk.attname in values[0])
            parts.append(statement)
            defaults = {name: field.get_default() for name, field in fields.items()}
            parameters.append(_json({**defaults, **given} for given in values))
    if parts:
        with connection.cursor() as cursor:
            named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts))
            cursor.execute(f"WITH {named} SELECT", parameters)


def reserve(model: type[models.Model], count: int) -> list[int]:
    """Keys for so many rows, in the order in which they should be given away; those of rows that never come are lost,
    as those of a transaction that is taken back."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [number for (number,) in cursor.fetchall()]


@cache
def _statement(model: type[models.Model], is_numbered: bool) -> tuple[str, dict[str, Any]]:
    """SQL for any number of rows of a model, and the attributes that it takes, with their fields."""
    key = model._meta.pk
    fields = [
        field
        for field in model._meta.concrete_fields
        if (is_numbered or field is not key) and not field.generated and not isinstance(field, models.BinaryField)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    types = ", ".join(f'"{field.attname}" {_type(field)}' for field in fields)
    chosen = ", ".join(f'"{field.attname}"' for field in fields)
    statement = (
        f'INSERT INTO "{model._meta.db_table}" ({columns})'
        f" SELECT {chosen} FROM json_to_recordset(%s) AS fresh ({types})"
    )
    if not is_numbered:
        statement += f' RETURNING "{key.column}"'
    return statement, {field.attname: field for field in fields}


def _type(field: Any) -> str:
    """The column's type, without what only a table can say, such as an identity."""
    if isinstance(field, models.AutoField):
        return str(field.rel_db_type(connection))
    return str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection)).partition(" CHECK")[0]


def _json(rows: Iterable[Mapping[str, Any]]) -> str:
    return json.dumps(list(rows), default=_plain, ensure_ascii=False)


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be inserted as JSON")
