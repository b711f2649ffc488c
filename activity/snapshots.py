"""What somebody had seen of the log: the database's own snapshot, carried as text through a form."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import QuerySet

from activity.models import Entry

SNAPSHOT = re.compile(r"\A\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19}){0,999})?\Z")


def snapshot() -> str:
    """What can be seen now: the transactions that have ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        return str(cursor.fetchone()[0])


def is_snapshot(text: str) -> bool:
    """Whether a text that came with a form can be read as a snapshot."""
    if not SNAPSHOT.match(text):
        return False
    lowest, highest, running = text.split(":")
    numbers = [int(number) for number in running.split(",") if number]
    within = all(int(lowest) <= number < int(highest) for number in numbers)
    return 0 < int(lowest) <= int(highest) < 2**62 and within and numbers == sorted(set(numbers))


def unseen(entries: QuerySet[Entry], seen: str) -> QuerySet[Entry]:
    """Entries of transactions that had not ended in the snapshot: exactly those that it did not show."""
    return entries.filter(transaction__gte=int(seen.split(":")[0])).extra(
        where=["NOT pg_visible_in_snapshot(activity_entry.transaction::text::xid8, %s::pg_snapshot)"], params=[seen]
    )
