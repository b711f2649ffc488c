"""Paging by key: a page is "what follows this row", so the thousandth page costs what the first does."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    DateTimeField,
    F,
    Func,
    GeneratedField,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Value,
)

from common.composed import Composed, Listed, kept, listed


class BadCursor(ValueError):
    """A cursor that this list did not make, or made under another order."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by: fields with "-" for descending, as in Django; ends in id always."""

    name: str
    fields: tuple[str, ...]

    def reversed(self) -> Order:
        return Order(self.name, tuple(f[1:] if f.startswith("-") else f"-{f}" for f in self.fields))

    def expressions(self) -> list[Any]:
        return [F(field.lstrip("-")).desc() if field.startswith("-") else F(field).asc() for field in self.fields]


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of one page's rows in order, and the cursors to its neighbours."""

    ids: list[int]
    previous: str
    next: str


def page_of_ids(rows: QuerySet[Any], order: Order, *, after: str = "", before: str = "", size: int = 50) -> Page:
    """The page after (or before) a cursor. Reads size + 1 rows of the sort fields only, by the index of the order.

    Raises BadCursor for a cursor of another list or order.
    """
    direction, rows = _from_cursor(rows, order, after, before)
    names = [field.lstrip("-") for field in order.fields]
    found = list(rows.order_by(*direction.expressions()).values_list(*names)[: size + 1])
    return _page(found, order, after, before, size)


def page_of_rows(
    rows: QuerySet[Any] | Listed,
    order: Order,
    fields: Sequence[str],
    *,
    after: str = "",
    before: str = "",
    size: int = 50,
    **annotations: Any,
) -> tuple[Page, list[dict[str, Any]]]:
    """The page after (or before) a cursor, with these fields of its rows: in one statement that finds the ids by the
    index of the order and only then reads the rows of these.

    Raises BadCursor for a cursor of another list or order.
    """
    wanted = listed(rows)
    names = [field.lstrip("-") for field in order.fields]
    shown = tuple(dict.fromkeys([*names, *fields]))

    def composed() -> Composed:
        direction, found = _from_cursor(wanted.make(), order, after, before)
        expressions = direction.expressions()
        ids = found.order_by(*expressions).values("pk")[: size + 1]
        page = found.model._default_manager.filter(pk__in=ids).order_by(*expressions)
        return Composed(page.values(*shown, **annotations))

    key = wanted.key and ("page", wanted.key, order, shown, tuple(annotations), after, before, size)
    values = list(kept(key, composed))
    page = _page([tuple(row[name] for name in names) for row in values], order, after, before, size)
    values = values[:size]
    return page, values[::-1] if before else values


def _from_cursor(rows: QuerySet[Any], order: Order, after: str, before: str) -> tuple[Order, QuerySet[Any]]:
    """Which way to read, and the rows on that side of the cursor."""
    direction = order.reversed() if before else order
    if cursor := before or after:
        rows = rows.filter(_beyond(direction, _decode(cursor, order, rows.model), rows.model))
    return direction, rows


def _page(found: list[Any], order: Order, after: str, before: str, size: int) -> Page:
    """From one row more than fits, read in the direction asked for."""
    has_more = len(found) > size
    found = found[:size]
    if before:
        found.reverse()
    has_previous, has_next = (has_more, True) if before else (bool(after), has_more)
    return Page(
        ids=[row[-1] for row in found],
        previous=_encode(order, found[0]) if found and has_previous else "",
        next=_encode(order, found[-1]) if found and has_next else "",
    )


def _beyond(order: Order, values: Sequence[Any], model: type[Model]) -> Any:
    """Rows that follow the row of these values.

    As far as all fields run the same way it is (a, b, id) < (x, y, z), where an index can start; beyond that it is
    written out.
    """
    same = 1
    while same < len(order.fields) and order.fields[same].startswith("-") == order.fields[0].startswith("-"):
        same += 1
    whole = same == len(order.fields)
    bound = _rows_from(model, order.fields[:same], values[:same], strict=whole)
    if whole:
        return bound
    condition = Q()
    equal = Q()
    for field, value in zip(order.fields, values, strict=True):
        name, lookup = field.lstrip("-"), "lt" if field.startswith("-") else "gt"
        condition |= equal & Q(**{f"{name}__{lookup}": value})
        equal &= Q(**{name: value})
    return Q(bound) & condition


def _rows_from(model: type[Model], fields: Sequence[str], values: Sequence[Any], *, strict: bool) -> Func:
    names = [field.lstrip("-") for field in fields]
    output = [_sorted_field(model, name) for name in names]
    given = [Value(value, output_field=field) for value, field in zip(values, output, strict=True)]
    sign = ("<" if fields[0].startswith("-") else ">") + ("" if strict else "=")
    return Func(
        Func(*(F(name) for name in names), template="ROW(%(expressions)s)", output_field=BooleanField()),
        Func(*given, template="ROW(%(expressions)s)", output_field=BooleanField()),
        template="%(expressions)s",
        arg_joiner=f" {sign} ",
        output_field=BooleanField(),
    )


def _sorted_field(model: type[Model], name: str) -> Any:
    """The field of this name; of one that the database generates, a field that can hold its values."""
    field = model._meta.get_field(name)
    return field.output_field if isinstance(field, GeneratedField) else field


def _encode(order: Order, row: Sequence[Any]) -> str:
    values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
    raw = json.dumps([order.name, *values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(cursor: str, order: Order, model: type[Model]) -> list[Any]:
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        name, *values = json.loads(raw)
        if name != order.name or len(values) != len(order.fields):
            raise ValueError
        fields = [_sorted_field(model, name.lstrip("-")) for name in order.fields]
        return [_typed(field, value) for field, value in zip(fields, values, strict=True)]
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError, RecursionError):
        raise BadCursor("The link to this page is damaged or belongs to another order; start from the first.") from None


def _typed(field: Any, value: Any) -> Any:
    """The value as the field holds it; times travel as text. Raises ValueError for what it cannot hold."""
    if isinstance(field, IntegerField):
        low, high = connection.ops.integer_field_range(field.get_internal_type())
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    if not isinstance(field, DateTimeField):
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment
