"""The activity log: pages of a log of 10,000 entries, against their bare statement; and appending with the chain,
against a table of the same columns and indexes without triggers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import psycopg
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from accounts.models import User
from benchmarks.measure import Row, compared, rates, statements, times_in_turn
from incidents.models import Incident

PLAIN = "benchmark_plain_entry"
WRITERS = 8
SECONDS = 1.0
"""Per turn."""
NUMBERS = count(1)
"""Sequences for the plain table, each given once; in the log the trigger sets its own."""
USER = "analyst01"
ENTRIES = 10_000
PAGES = {
    "newest": "",
    "oldest": "sort=oldest",
    "comments": "content=comments",
    "one kind": "kind=status",
    "one actor": "actor={user}",
    "one field": "field=status",
    "words": "q=needle",
    "two filters": "content=audits&kind=status",
}

APPEND = """
INSERT INTO {table} (incident_id, sequence, recorded_at, transaction, incident_version, verb, actor_kind, actor_label,
                     channel, subject_kind, subject_id, subject_label, changes, facts, body_sha256, previous_hash, hash)
VALUES (%s, %s, now(), 0, 1, 'incident.severity_set', 'system', 'Benchmark', 'system', '', '', '',
        '[{{"field": "severity", "old": "low", "new": "high"}}]', '{{}}', '', sha256('1'), sha256('2'))
"""
FILL = """
WITH texts AS (
    INSERT INTO activity_body (text, sha256)
    SELECT CASE WHEN number %% 100 = 0 THEN 'A needle, ' || number ELSE 'Said as people write, ' || number END, ''
    FROM generate_series(1, %(entries)s / 5) AS number RETURNING id, sha256
), said AS (SELECT id, sha256, 5 * row_number() OVER (ORDER BY id) AS number FROM texts),
people AS (SELECT id, display_name AS name, row_number() OVER (ORDER BY id) - 1 AS place FROM accounts_user LIMIT 5)
INSERT INTO activity_entry (incident_id, sequence, transaction, incident_version, verb, actor_kind, actor_id,
    actor_label, channel, subject_kind, subject_id, subject_label, changes, facts, body_id, body_sha256, previous_hash,
    hash)
SELECT %(incident)s, 0, 0, turn.number, CASE WHEN said.id IS NULL THEN (ARRAY['incident.severity_set',
        'incident.started', 'incident.reopened', 'incident.assigned'])[1 + turn.number %% 4] ELSE 'comment.added' END,
    'user', people.id, people.name, 'page', '', '', '',
    CASE WHEN said.id IS NULL THEN '[{"field": "status", "old": "active", "new": "in_progress"}]' ELSE '[]' END::jsonb,
    '{}', said.id, coalesce(said.sha256, ''), '', ''
FROM generate_series(1, %(entries)s) AS turn (number)
JOIN people ON people.place = turn.number %% (SELECT count(*) FROM people)
LEFT JOIN said ON said.number = turn.number
ORDER BY turn.number
"""


def measure(rounds: int) -> Iterator[Row]:
    yield from _pages(rounds)
    yield from _appending(rounds)


def _pages(rounds: int) -> Iterator[Row]:
    user = User.objects.get(username=USER)
    client = Client(HTTP_HOST="localhost")
    client.force_login(user)
    entries = ENTRIES if rounds >= 10 else ENTRIES // 20
    number = _filled(entries)
    path = reverse("incidents:activity", args=[number])
    for name, query in PAGES.items():
        address = f"{path}?{query.format(user=user.username)}"
        times, floor = times_in_turn([partial(_shown, client, address), partial(_bare, number)], min(rounds, 20))
        yield compared(f"activity, {entries:,} entries: {name}", times, floor)
        with statements() as asked:
            _shown(client, address)
        yield Row(f"activity, {entries:,} entries: {name}, statements", len(asked.sql), "statements")


def _filled(entries: int) -> int:
    """The number of an incident with so many entries of every sort; a fifth are comments."""
    incident = Incident.objects.create(
        name="Long log",
        automatic_name="Long log",
        severity=2,
        automatic_severity=2,
        first_activity="2026-03-02T12:00Z",
        last_activity="2026-03-02T12:00Z",
    )
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '10min'")
        cursor.execute(FILL, {"incident": incident.pk, "entries": entries})
        cursor.execute("RESET statement_timeout")
    return incident.pk


def _shown(client: Client, address: str) -> Any:
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer


def _bare(number: int) -> None:
    """The least that a page of the log takes: its newest rows with their texts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM activity_entry AS entry LEFT JOIN activity_body AS body ON body.id = entry.body_id"
            " WHERE incident_id = %s ORDER BY sequence DESC LIMIT 51",
            [number],
        )
        cursor.fetchall()


def _appending(rounds: int) -> Iterator[Row]:
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
