"""Appending to the log with its chain, against a table of the same columns and indexes without triggers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import psycopg
from django.db import connection, connections

from benchmarks.measure import Row, rates
from incidents.models import Incident

PLAIN = "benchmark_plain_entry"
WRITERS = 8
SECONDS = 1.0
"""Per turn."""
NUMBERS = count(1)
"""Sequences for the plain table, each given once; in the log the trigger sets its own."""

APPEND = """
INSERT INTO {table} (incident_id, sequence, recorded_at, transaction, incident_version, verb, actor_kind, actor_label,
                     channel, subject_kind, subject_id, subject_label, changes, facts, body_sha256, previous_hash, hash)
VALUES (%s, %s, now(), 0, 1, 'incident.severity_set', 'system', 'Benchmark', 'system', '', '', '',
        '[{{"field": "severity", "old": "low", "new": "high"}}]', '{{}}', '', sha256('1'), sha256('2'))
"""


def measure(rounds: int) -> Iterator[Row]:
    """In turn: the plain table, then the log, for one second each (less in a short run)."""
    _make_plain_table()
    seconds = SECONDS if rounds >= 10 else 0.1
    ids = list(Incident.objects.filter(status=3).order_by("pk").values_list("pk", flat=True)[:WRITERS])
    cases: dict[str, list[int]] = {
        "1 writer": ids[:1],
        f"{WRITERS} writers, each on its incident": ids,
        f"{WRITERS} writers on one incident": ids[:1] * WRITERS,
    }
    for name, incidents in cases.items():
        plain, chained = [], []
        for _ in range(max(rounds // 8, 1)):
            plain.append(_appended(PLAIN, incidents, seconds))
            chained.append(_appended("activity_entry", incidents, seconds))
        yield rates(f"activity, {name}", "entries/s", chained, plain)


def _make_plain_table() -> None:
    using = "owner" if "owner" in connections else "default"
    with connections[using].cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {PLAIN}")
        cursor.execute(f"CREATE TABLE {PLAIN} (LIKE activity_entry INCLUDING ALL)")
        if using == "owner":
            cursor.execute(f'GRANT SELECT, INSERT ON {PLAIN} TO "{connection.settings_dict["USER"]}"')


def _appended(table: str, incidents: Sequence[int], seconds: float) -> float:
    """Entries per second of as many writers as there are incidents, one transaction for each entry."""
    done = [0] * len(incidents)
    start = threading.Barrier(len(incidents) + 1)

    def write(writer: int) -> None:
        with psycopg.connect(**_parameters(), autocommit=True) as own:
            statement = APPEND.format(table=table)
            start.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                own.execute(statement, [incidents[writer], next(NUMBERS)])
                done[writer] += 1

    threads = [threading.Thread(target=write, args=[writer]) for writer in range(len(incidents))]
    for thread in threads:
        thread.start()
    start.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - started)


def _parameters() -> dict[str, Any]:
    known = ("dbname", "user", "password", "host", "port")
    return {key: value for key, value in connection.get_connection_params().items() if key in known}
