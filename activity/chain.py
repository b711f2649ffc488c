"""Proof that the log is untouched: recomputing each incident's chain of hashes.

An entry's canonical form is its columns in the order of COLUMNS, each as `<length in UTF-8 bytes>:<text>`, NULL as
`-`, joined by commas. Its hash is SHA-256 over the previous entry's hash (32 zero bytes for the first) and that form.
The trigger in migration 0002 builds the same form inside the database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

FIRST = bytes(32)
"""What the first entry of a chain has in place of a previous hash."""

COLUMNS: tuple[str, ...] = (
    "entry.incident_id::text",
    "entry.sequence::text",
    "to_char(entry.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    "entry.incident_version::text",
    "entry.verb",
    "entry.actor_kind",
    "entry.actor_id::text",
    "entry.actor_label",
    "entry.channel",
    "entry.batch::text",
    "entry.subject_kind",
    "entry.subject_id",
    "entry.subject_label",
    "entry.changes::text",
    "entry.facts::text",
    "entry.body_sha256",
    "entry.about_id::text",
)
"""The SQL that gives the text of each column that is hashed, in order."""

ROWS_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry of a chain that does not fit."""

    incident_id: int | None
    sequence: int
    entry_id: int
    problem: str

    def __str__(self) -> str:
        stream = f"incident {self.incident_id}" if self.incident_id is not None else "the system stream"
        return f"{stream}, entry {self.sequence} (id {self.entry_id}): {self.problem}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of the chains found."""

    chains: int
    entries: int
    breaks: tuple[Break, ...]


def canonical_form(values: tuple[str | None, ...]) -> bytes:
    """The bytes that are hashed for one entry, from its columns' texts in the order of COLUMNS."""
    parts = []
    for value in values:
        if value is None:
            parts.append(b"-")
        else:
            encoded = value.encode()
            parts.append(str(len(encoded)).encode() + b":" + encoded)
    return b",".join(parts)


def entry_hash(previous: bytes, values: tuple[str | None, ...]) -> bytes:
    """The SHA-256 that an entry must carry, given the hash of the entry before it."""
    return hashlib.sha256(previous + canonical_form(values)).digest()


def verify(incident_id: int | None = None) -> Verification:
    """Recompute every chain, or one incident's; name the first entry of each that does not fit."""
    breaks: list[Break] = []
    chains = entries = 0
    stream: object = object()
    previous, expected, broken = FIRST, 1, False
    for row in _rows(incident_id):
        entries += 1
        if row.incident_id != stream:
            stream, previous, expected, broken = row.incident_id, FIRST, 1, False
            chains += 1
        if broken:
            continue
        problem = _problem(row, previous, expected)
        if problem:
            breaks.append(Break(row.incident_id, row.sequence, row.entry_id, problem))
            broken = True
        previous, expected = row.hash, row.sequence + 1
    return Verification(chains, entries, tuple(breaks))


@dataclass(frozen=True, slots=True)
class _Row:
    entry_id: int
    incident_id: int | None
    sequence: int
    previous_hash: bytes
    hash: bytes
    body_problem: str | None
    values: tuple[str | None, ...]


def _problem(row: _Row, previous: bytes, expected: int) -> str | None:
    if row.sequence != expected:
        return f"entry {expected} is missing before it"
    if row.previous_hash != previous:
        return "it does not follow from the entry before it"
    if entry_hash(previous, row.values) != row.hash:
        return "its content is not what was recorded"
    return row.body_problem


def _rows(incident_id: int | None) -> Iterator[_Row]:
    """Entries by stream and sequence, streamed by a server-side cursor so that memory stays flat."""
    where = "WHERE entry.incident_id = %s" if incident_id is not None else ""
    sql = f"""
        SELECT entry.id, entry.incident_id, entry.sequence, entry.previous_hash, entry.hash,
               CASE
                   WHEN entry.body_sha256 = '' AND entry.body_id IS NULL THEN NULL
                   WHEN body.id IS NULL THEN 'its text is missing'
                   WHEN body.sha256 <> entry.body_sha256 THEN 'its text was exchanged'
                   WHEN body.text IS NOT NULL
                        AND encode(sha256(convert_to(body.text, 'UTF8')), 'hex') <> body.sha256
                        THEN 'its text is not what was recorded'
               END,
               {", ".join(COLUMNS)}
        FROM activity_entry AS entry LEFT JOIN activity_body AS body ON body.id = entry.body_id
        {where}
        ORDER BY entry.incident_id NULLS FIRST, entry.sequence
    """
    with connection.chunked_cursor() as cursor:
        cursor.cursor.itersize = ROWS_AT_A_TIME
        cursor.execute(sql, [incident_id] if incident_id is not None else None)
        for row in cursor:
            yield _Row(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]), row[5], tuple(row[6:]))
