"""Following the log: what happened since a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

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
