"""How many incidents: exact up to a cap, then about, by the planner's estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

CAP = 1_000


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
    """Count up to the cap; above it ask the planner, which costs nothing."""
    found = rows.order_by().values("pk")[: CAP + 1].count()
    return Count(found) if found <= CAP else Count(None, max(estimate(rows), CAP + 1))


def estimate(rows: QuerySet[Any]) -> int:
    """How many rows PostgreSQL expects."""
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def count_each(querysets: dict[str, QuerySet[Any]]) -> dict[str, Count]:
    """Several capped counts in one statement."""
    if not querysets:
        return {}
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in querysets.values():
        sql, values = rows.order_by().values("pk")[: CAP + 1].query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")
        parameters.extend(values)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        numbers = cursor.fetchone()
    return {name: Count(number if number <= CAP else None) for name, number in zip(querysets, numbers, strict=True)}
