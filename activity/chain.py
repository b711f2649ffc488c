"""The chains as they stand in the database, given to the functions that verify them (activity/verify_log.py).

The trigger that makes the hashes (activity/migrations/0002_chain_and_guard.py) builds the same canonical form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from activity.verify_log import COLUMNS, FIRST, Break, Entry, Evidence, Verification, check, later

__all__ = ["FIRST", "Break", "Verification", "verify"]

TIME = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
NO_TEXTS = ("incident_id", "sequence", "incident_version", "actor_id", "batch", "changes", "facts", "about_id")
SPELLED = {"recorded_at": TIME.format("entry.recorded_at")} | {name: f"entry.{name}::text" for name in NO_TEXTS}
TEXTS = ", ".join(SPELLED.get(name, f"entry.{name}") for name in COLUMNS)
"""The SQL that gives the text of each column that is hashed, in order."""

ROWS_AT_A_TIME = 5_000


def verify(incident_id: int | None = None, *, evidence: Evidence | None = None) -> Verification:
    """Recompute every chain, or one incident's, and compare with what checkpoints say; name the first entry of each
    that does not fit. Without evidence, whoever recomputed a whole chain is not found out."""
    with transaction.atomic():
        only: set[int | None] | None = None if incident_id is None else {incident_id}
        return check(entries(incident_id), evidence or Evidence(), latest=later(now()), only=only)


def now() -> str:
    """The database's time, as entries carry it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {TIME.format('clock_timestamp()')}")
        return str(cursor.fetchone()[0])


ALL, SYSTEM = "TRUE", "entry.incident_id IS NULL"
"""Which chains; an incident's is named by its number."""
FITS = """
CASE
    WHEN entry.body_sha256 = '' AND entry.body_id IS NULL THEN NULL
    WHEN body.id IS NULL THEN 'its text is missing'
    WHEN body.sha256 <> entry.body_sha256 THEN 'its text was exchanged'
    WHEN body.text IS NOT NULL AND encode(sha256(convert_to(body.text, 'UTF8')), 'hex') <> body.sha256
        THEN 'its text is not what was recorded'
END
"""
"""What is wrong about an entry's text, in words."""


def entries(incident_id: int | None = None) -> Iterator[Entry]:
    """Entries by stream and sequence, of one incident or of all chains."""
    columns = f"entry.incident_id, entry.sequence, {FITS}, body.emptied_at IS NOT NULL"
    for row in _rows(columns, ALL if incident_id is None else incident_id):
        number, written_by, previous, hashed, incident, sequence, text_problem, is_emptied, *values = row
        yield Entry(
            number,
            incident,
            sequence,
            written_by,
            bytes(previous),
            bytes(hashed),
            tuple(values),
            text_problem,
            is_emptied,
        )


def told_entries(which: str | int) -> Iterator[dict[str, Any]]:
    """Entries as a log file has them (docs/log-format.md): of ALL chains, of the SYSTEM's own, or of an incident."""
    for row in _rows(f"body.text, {TIME.format('body.emptied_at')}", which):
        number, written_by, previous, hashed, text, emptied_at, *values = row
        yield {
            "id": number,
            "transaction": written_by,
            "previous_hash": bytes(previous).hex(),
            "hash": bytes(hashed).hex(),
            "columns": dict(zip(COLUMNS, values, strict=True)),
            **({"text": text} if text is not None else {}),
            **({"emptied_at": emptied_at} if emptied_at is not None else {}),
        }


def _rows(columns: str, which: str | int) -> Iterator[Any]:
    """Streamed by a server-side cursor so that memory stays flat, and of one moment."""
    where, values = (which, None) if isinstance(which, str) else ("entry.incident_id = %s", [which])
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = ROWS_AT_A_TIME
        cursor.execute(
            f"SELECT entry.id, entry.transaction, entry.previous_hash, entry.hash, {columns}, {TEXTS}"
            " FROM activity_entry AS entry LEFT JOIN activity_body AS body ON body.id = entry.body_id"
            f" WHERE {where} ORDER BY entry.incident_id, entry.sequence",
            values,
        )
        yield from cursor
