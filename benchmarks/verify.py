"""Verifying the log, against merely reading it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import connection, transaction

from activity.chain import ROWS_AT_A_TIME, verify
from benchmarks.measure import Row, rates


def measure(rounds: int) -> Iterator[Row]:
    checked, read = [], []
    for _ in range(1 if rounds < 10 else 3):
        read.append(_read())
        started = time.perf_counter()
        found = verify()
        checked.append(found.entries / (time.perf_counter() - started))
        if found.breaks:
            raise RuntimeError(f"the log does not verify: {found.breaks[0]}")
    yield rates("verify, all chains", "entries/s", checked, read)


def _read() -> float:
    """Entries per second, read as they are stored."""
    started, entries = time.perf_counter(), 0
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT * FROM activity_entry")
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            entries += len(rows)
    return entries / (time.perf_counter() - started)
