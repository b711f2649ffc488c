"""Following the log: what happened since a moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BigIntegerField, Func, QuerySet

from activity.actors import Actor
from activity.models import Entry
from common.composed import Listed
from common.counting import question_of

MOST_NEWS = 20_000
"""Entries that are gone through for a reader who was away; beyond that everything counts as changed."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened since a reader last asked."""

    until: int
    """Ask from here next time."""
    incidents: dict[int, frozenset[str]]
    """Incident → verbs of what happened to it, the incident that changed last first."""
    is_cut: bool = False
    """Whether more happened than is told: then anything may have changed."""


LATELY = 5_000
"""Of somebody's entries, the newest, among which an act of theirs is looked for."""


def incidents_of_late_act(actor: Actor, batch: UUID) -> list[int]:
    """The incidents that an act of this person or token, done lately, has changed; by the index of their entries."""
    rows = Entry.objects.filter(actor_kind=actor.kind, actor_id=actor.id).order_by("-pk")
    found = rows.values_list("batch", "incident_id")[:LATELY]
    return sorted({number for act, number in found if act == batch and number is not None})


MOMENT_SQL = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
MOMENT = Func(template=MOMENT_SQL, output_field=BigIntegerField())
"""The moment of a statement that reads rows, as an annotation of them."""


def moment() -> int:
    """Where the log stands now: every entry below this transaction number is final and readable."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MOMENT_SQL}")
        return int(cursor.fetchone()[0])


def moment_of_none(rows: QuerySet[Any] | Listed) -> int | None:
    """A moment at which a list has no rows; None where it has some by now."""
    question = question_of(rows)
    if question is None:
        return moment()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {MOMENT_SQL} WHERE NOT EXISTS ({question})")
        found = cursor.fetchone()
    return int(found[0]) if found else None


def news(since: int, *, without: Sequence[str] = (), most: int = MOST_NEWS) -> News:
    """What transactions from `since` on that have ended, together with all lower ones, did to incidents, apart from
    the verbs `without`.

    Transactions, not entry numbers: numbers are handed out before commits, so a reader that follows them can miss an
    entry that commits late; all transactions below the oldest running one have ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until),
            recent AS (
                SELECT incident_id, verb, entry.id FROM horizon, activity_entry AS entry
                WHERE transaction >= %s AND transaction < horizon.until
                ORDER BY transaction DESC, entry.id DESC LIMIT %s
            )
            SELECT horizon.until, (SELECT count(*) FROM recent), recent.incident_id, array_agg(DISTINCT recent.verb)
            FROM horizon LEFT JOIN recent ON recent.incident_id IS NOT NULL AND recent.verb <> ALL(%s)
            GROUP BY horizon.until, recent.incident_id ORDER BY max(recent.id) DESC
            """,
            [since, most + 1, list(without)],
        )
        rows = cursor.fetchall()
    until, entries = rows[0][:2]
    return News(until, {row[2]: frozenset(row[3]) for row in rows if row[2] is not None}, entries > most)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far somebody has followed the log: all entries up to this one, in the order of their transactions."""

    transaction: int
    entry: int = 0
    """0 where none of that transaction is among them."""

    def __str__(self) -> str:
        return f"{self.transaction}-{self.entry}" if self.entry else str(self.transaction)

    @classmethod
    def read(cls, word: str) -> Position:
        """What `str` wrote. Raises ValueError."""
        if not POSITION.fullmatch(word):
            raise ValueError(word)
        return cls(*map(int, word.split("-")))


POSITION = re.compile(r"\d{1,18}(-\d{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Changed:
    """Incidents that have changed, each once, in the order in which they were last changed."""

    incidents: list[int]
    until: Position
    """Ask from here next time."""
    is_more: bool
    """Whether more may have changed than these."""


MOST_PASSED = 20_000
"""Entries that are gone through for one answer, so that it takes the same time after an hour and after a year."""
CHANGED = """
WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until),
passed AS MATERIALIZED (
    SELECT entry.id, entry.transaction, entry.incident_id, entry.sequence, entry.verb
    FROM activity_entry AS entry
    WHERE (entry.transaction, entry.id) > (%(transaction)s, %(entry)s)
        AND entry.transaction < (SELECT until FROM horizon)
    ORDER BY entry.transaction, entry.id LIMIT %(most)s
),
last AS (SELECT transaction, id FROM passed ORDER BY transaction, id OFFSET %(most)s - 1),
found AS (
    SELECT passed.id, passed.transaction, passed.incident_id FROM passed
    WHERE passed.incident_id IS NOT NULL AND passed.verb <> ALL(%(without)s)
        AND NOT EXISTS (
            SELECT FROM activity_entry AS later
            WHERE later.incident_id = passed.incident_id AND later.sequence > passed.sequence
                AND later.transaction < (SELECT until FROM horizon) AND later.verb <> ALL(%(without)s)
        )
        AND {condition}
    ORDER BY passed.transaction, passed.id LIMIT %(size)s
)
SELECT horizon.until, last.transaction, last.id, found.incident_id, found.transaction, found.id
FROM horizon LEFT JOIN last ON true LEFT JOIN found ON true
ORDER BY found.transaction, found.id
"""


def changed_since(since: Position, among: QuerySet[Any], *, size: int, without: Sequence[str] = ()) -> Changed:
    """The next incidents of `among` that something was recorded of after a position, apart from the verbs `without`.

    Only transactions count that have ended together with all lower ones (see `news`), and an incident stands where its
    latest such entry does: one that is changed again while somebody goes through the pages moves on to a later place.
    So whoever asks on and on from where the last answer ended misses no change, and hears of none twice. Raises
    ValueError for a position that this log has not come to: of another one, or of one that was restored since.
    """
    condition, values = _among(among)
    asked: dict[str, Any] = {
        "transaction": since.transaction,
        "entry": since.entry,
        "most": MOST_PASSED,
        "without": list(without),
    }
    with connection.cursor() as cursor:
        cursor.execute(CHANGED.format(condition=condition), asked | values | {"size": size + 1})
        rows = cursor.fetchall()
    until, last_transaction, last_entry = rows[0][:3]
    if since > Position(until):
        raise ValueError(str(since))
    found = [row[3:] for row in rows if row[3] is not None]
    numbers = [number for number, _, _ in found[:size]]
    if len(found) > size:
        return Changed(numbers, Position(*found[size - 1][1:]), is_more=True)
    if last_entry is not None:
        return Changed(numbers, Position(last_transaction, last_entry), is_more=True)
    return Changed(numbers, Position(until), is_more=False)


def _among(rows: QuerySet[Any]) -> tuple[str, dict[str, Any]]:
    """That an entry is of one of these incidents, with the values by name."""
    try:
        question, values = rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "false", {}
    named = {f"value_{place}": value for place, value in enumerate(values)}
    names = iter(named)
    question = re.sub("%%|%s", lambda sign: sign[0] if sign[0] == "%%" else f"%({next(names)})s", question)
    return f"passed.incident_id IN ({question})", named
