"""What an export of the queue holds: the rows of an address, all of them, in the columns that are shown."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from accounts.models import Principal
from common.columns import Column, Row
from common.filters import ANY
from common.pagination import Order
from common.portions import portions
from incidents.filters import DEFAULTS
from incidents.models import Incident
from incidents.queries import queue
from incidents.queries.columns import COLUMNS, reading

ROWS_AT_A_TIME = 1_000
NUMBERS_AT_A_TIME = 20_000
MOST_TICKED = 5_000
ALL = "all"
"""In place of the names of columns: every one."""
TICKED = "incident"
"""The key that names single incidents: these only, whatever their state."""
LARGEST_NUMBER = 2**63 - 1


def _same(row: Row, _now: object) -> str:  # pragma: no cover - exports print values alone
    raise NotImplementedError


NUMBER = COLUMNS["number"]
IN_ALL = (
    Column("resolution_note", "Resolution note", _same, lambda row: row["resolution_note"], ("resolution_note",)),
    Column("version", "Version", _same, lambda row: row["version"], ("version",)),
)
"""What no list shows and an export of everything has."""
IN_PARTS = {
    "alerts": (
        Column("alerts_active", "Active alerts", _same, lambda row: row["alerts_active"], ("alerts_active",)),
        Column("alerts_total", "Alerts", _same, lambda row: row["alerts_total"], ("alerts_total",)),
    )
}
"""Columns that say several things at once stand apart where machines read."""


@dataclass(frozen=True, slots=True)
class Export:
    """Which incidents, in which order, at the moment it was asked for; and what is told of each."""

    numbers: array[int]
    """Eight bytes an incident, however many there are."""
    columns: list[Column]
    principal: Principal

    @property
    def header(self) -> list[str]:
        return [column.key for column in self.columns]

    def rows(self) -> Iterator[list[list[Any]]]:
        """The values of the columns, some rows at a time, each batch by a short statement of its own: however slowly
        they are taken, no transaction stays open. The rows and their order are those of the moment when the export was
        asked for, their values those of the moment when they are written; one that the person may not see any more by
        then is left out."""
        fields, annotations = reading(self.columns, "id")
        visible = Incident.objects.visible_to(self.principal)
        for numbers in portions(self.numbers, ROWS_AT_A_TIME):
            found = {row["id"]: row for row in visible.filter(pk__in=numbers).values(*fields, **annotations)}
            yield [[column.value(found[n]) for column in self.columns] for n in numbers if n in found]


def export_of(query: QueryDict, principal: Principal, remembered: Sequence[str] = ()) -> Export:
    """What an address asks to be taken out; the keys are the page's, and `incident` for single ones.

    Raises UnknownKeys or ValidationError for an address that means nothing.
    """
    query = query.copy()
    ticked = ticked_numbers(query.pop(TICKED, []))
    columns = columns_of(query, remembered)
    if ticked:
        for key in DEFAULTS:
            if key not in query:
                query[key] = ANY
    wanted = queue.asked(query, principal)
    matching = wanted.matching.filter(pk__in=ticked) if ticked else wanted.matching
    return Export(numbers_of(matching, wanted.order), columns, principal)


def ticked_numbers(words: Sequence[Any]) -> list[int]:
    """Numbers as `incident=4&incident=7` or `incident=4,7` names them; raises ValidationError."""
    parts = [part.strip() for word in words for part in str(word).split(",") if part.strip()]
    bad = [part for part in parts if not (part.isascii() and part.isdigit() and int(part[:20]) <= LARGEST_NUMBER)]
    if bad:
        raise ValidationError({TICKED: [f"“{bad[0][:60]}” is no number of an incident."]})
    if len(parts) > MOST_TICKED:
        raise ValidationError(
            {TICKED: [f"At most {MOST_TICKED:,} single incidents; this names {len(parts):,}. Export a list instead."]}
        )
    return [int(part) for part in dict.fromkeys(parts)]


def columns_of(query: QueryDict, remembered: Sequence[str]) -> list[Column]:
    """The shown columns in their order, led by the number, so that each row can be found again."""
    if query.get("columns") == ALL:
        query.pop("columns")
        shown = [*COLUMNS.values(), *IN_ALL]
    else:
        shown = queue.columns_named(query, remembered)
    if NUMBER not in shown:
        shown = [NUMBER, *shown]
    return [part for column in shown for part in IN_PARTS.get(column.key, (column,))]


def numbers_of(matching: QuerySet[Incident], order: Order) -> array[int]:
    """The numbers in order: one statement, and so one moment."""
    with transaction.atomic():
        rows = matching.order_by(*order.expressions()).values_list("pk", flat=True)
        return array("q", rows.iterator(chunk_size=NUMBERS_AT_A_TIME))
