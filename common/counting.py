"""How many rows a list has: exact up to a cap, then about, by the planner's estimate."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from common.composed import Listed, kept, listed
from common.planned import literal, planned_cursor

CAP = 1_000
REMEMBERED = 60
"""Seconds for which a count above the cap is not asked for again: it says "1,000+" a moment later, too."""
_above = LocMemCache("counts above the cap", {"TIMEOUT": REMEMBERED, "OPTIONS": {"MAX_ENTRIES": 5_000}})
"""By each process for itself: to ask another server would take as long as to count."""


@dataclass(frozen=True, slots=True)
class Count:
    """A number of rows. `exact` is None above the cap; then `estimate` says about how many."""

    exact: int | None
    estimate: int | None = None

    def __str__(self) -> str:
        return f"{self.exact:,}" if self.exact is not None else f"{CAP:,}+"

    @property
    def plain(self) -> dict[str, Any]:
        """As programs are told: the number, which is the cap where there are more."""
        return {"count": CAP if self.exact is None else self.exact, "is_exact": self.exact is not None}

    @property
    def in_words(self) -> str:
        """The count with what is known beyond the cap: "1,000+ (about 84,000)"."""
        if self.exact is not None or not self.estimate:
            return str(self)
        digits = max(len(str(self.estimate)) - 2, 0)
        return f"{self} (about {round(self.estimate, -digits):,})"


def count(rows: QuerySet[Any] | Listed) -> Count:
    """Count up to the cap; above it ask the planner, which costs nothing, and remember it for a minute."""
    return count_each({"all": rows}, estimated=["all"])["all"]


def estimate(rows: QuerySet[Any]) -> int:
    """How many rows PostgreSQL expects."""
    sql, parameters = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])


def count_each(lists: Mapping[str, QuerySet[Any] | Listed], estimated: Sequence[str] = ()) -> dict[str, Count]:
    """Several capped counts in one statement; one that was above the cap a moment ago is not counted again. Of those
    named in `estimated` the planner says about how many there are, once a minute."""
    asked_of = {name: listed(rows) for name, rows in lists.items()}
    questions = {name: question_of(rows) for name, rows in asked_of.items()}
    keys = {name: _key(question) for name, question in questions.items() if question}
    above: dict[str, int] = _above.get_many(keys.values())
    asked = [name for name in keys if keys[name] not in above or (name in estimated and not above[keys[name]])]
    numbers = dict(zip(asked, _capped([questions[name] for name in asked]), strict=True))
    for name, number in numbers.items():
        if number > CAP:
            above[keys[name]] = max(estimate(asked_of[name].make()), CAP + 1) if name in estimated else 0
    if fresh := {keys[name]: above[keys[name]] for name, number in numbers.items() if number > CAP}:
        _above.set_many(fresh)
    return {
        name: Count(None, above[keys[name]] or None)
        if name in keys and keys[name] in above
        else Count(numbers.get(name, 0))
        for name in lists
    }


def forget() -> None:
    """Count everything anew from here on."""
    _above.clear()


Question = str
"""SQL with its values."""


def question_of(rows: QuerySet[Any] | Listed) -> Question | None:
    """Its rows up to the cap, to be counted or asked for any; None where it is known that there are none."""
    wanted = listed(rows)

    def composed() -> Question | None:
        try:
            return literal(*wanted.make().order_by().values("pk")[: CAP + 1].query.sql_with_params())
        except EmptyResultSet:
            return None

    return kept(wanted.key and ("count", wanted.key), composed)


def _capped(questions: Sequence[Question | None]) -> Sequence[int]:
    """How many rows each has, one above the cap at most."""
    asked = [question for question in questions if question]
    if not asked:
        return ()
    counts = ", ".join(f"(SELECT count(*) FROM ({question}) AS counted)" for question in asked)
    with planned_cursor() as cursor:
        cursor.execute(f"SELECT {counts}")
        numbers: Sequence[int] = cursor.fetchone()
    return numbers


def _key(question: Question) -> str:
    """Under which a large count is remembered: made of the whole question, so nobody is given another's answer."""
    return hashlib.sha256(question.encode()).hexdigest()
