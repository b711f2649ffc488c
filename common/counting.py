"""How many rows a list has: exact up to a cap, then about, by the planner's estimate."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

CAP = 1_000
REMEMBERED = 60
"""Seconds for which a count above the cap is not asked for again: it says "1,000+" a moment later, too."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows. `exact` is None above the cap; then `estimate` says about how many."""

    exact: int | None
    estimate: int | None = None

    def __str__(self) -> str:
        return f"{self.exact:,}" if self.exact is not None else f"{CAP:,}+"

    @property
    def in_words(self) -> str:
        """The count with what is known beyond the cap: "1,000+ (about 84,000)"."""
        if self.exact is not None or not self.estimate:
            return str(self)
        digits = max(len(str(self.estimate)) - 2, 0)
        return f"{self} (about {round(self.estimate, -digits):,})"


def count(rows: QuerySet[Any]) -> Count:
    """Count up to the cap; above it ask the planner, which costs nothing, and remember it for a minute."""
    key = _key("count", rows)
    about: int | None = cache.get(key)
    if about is not None:
        return Count(None, about)
    found = rows.order_by().values("pk")[: CAP + 1].count()
    if found <= CAP:
        return Count(found)
    about = max(estimate(rows), CAP + 1)
    cache.set(key, about, REMEMBERED)
    return Count(None, about)


def estimate(rows: QuerySet[Any]) -> int:
    """How many rows PostgreSQL expects."""
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def count_each(querysets: dict[str, QuerySet[Any]]) -> dict[str, Count]:
    """Several capped counts in one statement; one that was above the cap a moment ago is not counted again."""
    keys = {name: _key("above", rows) for name, rows in querysets.items()}
    above = cache.get_many(keys.values()) if keys else {}
    asked = {name: rows for name, rows in querysets.items() if keys[name] not in above}
    numbers = dict(zip(asked, _capped(list(asked.values())), strict=True))
    if fresh := {keys[name]: True for name, number in numbers.items() if number > CAP}:
        cache.set_many(fresh, REMEMBERED)
    return {name: Count(number if (number := numbers.get(name, CAP + 1)) <= CAP else None) for name in querysets}


def _capped(querysets: Sequence[QuerySet[Any]]) -> Sequence[int]:
    """How many rows each has, one above the cap at most."""
    if not querysets:
        return ()
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in querysets:
        try:
            sql, values = rows.order_by().values("pk")[: CAP + 1].query.sql_with_params()
        except EmptyResultSet:
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")
        parameters.extend(values)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        numbers: Sequence[int] = cursor.fetchone()
    return numbers


def _key(kind: str, rows: QuerySet[Any]) -> str:
    """Under which a large count is remembered: made of the whole question, so nobody is given another's answer."""
    try:
        question = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        question = ("", ())
    return f"{kind}:{hashlib.sha256(repr(question).encode()).hexdigest()}"
