"""Verifying the log against its checkpoints, in the database and as an exported file, against merely reading it; and
taking a checkpoint of what is new."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection, transaction

from activity.actors import SYSTEM
from activity.chain import ROWS_AT_A_TIME
from activity.checkpoints.taking import take_checkpoint
from activity.checkpoints.verifying import prove
from activity.models import Entry
from activity.record import Change, Draft, record_all
from benchmarks.measure import Row, rates, timed
from exports.log_files import ALL, log_lines
from incidents import verbs
from incidents.models import Incident
from portal.environment import REPOSITORY

VERIFIER = REPOSITORY / "activity" / "verify_log.py"
GROWN = 200
"""Chains that have grown by an entry since the last checkpoint: a busy minute."""


def measure(rounds: int) -> Iterator[Row]:
    times = 1 if rounds < 10 else 3
    yield Row("verify, first checkpoint of all chains", timed(take_checkpoint) / 1000, "s")
    yield from _new_checkpoints(times)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.jsonl"
        started, entries = time.perf_counter(), Entry.objects.count()
        with transaction.atomic(), file.open("w", encoding="utf-8") as written:
            written.writelines(log_lines(ALL))
        yield Row("verify, export of the log", entries / (time.perf_counter() - started), "entries/s")
        checked, offline, read = [], [], []
        for _ in range(times):
            read.append(_read())
            checked.append(_rate(entries, _prove))
            offline.append(_rate(entries, lambda: _verify_file(file)))
    yield rates("verify, all chains against checkpoints", "entries/s", checked, read)
    yield rates("verify, exported file without database", "entries/s", offline, read)


def _new_checkpoints(times: int) -> Iterator[Row]:
    """What a checkpoint costs each minute, however many chains there are."""
    ids = list(Incident.objects.order_by("-pk").values_list("pk", flat=True)[:GROWN])
    found = []
    for turn in range(times):
        change = Change("severity", "low", f"high {turn}")
        with transaction.atomic():
            record_all(Draft(verbs.SEVERITY_SET, SYSTEM, incident_id=pk, changes=[change]) for pk in ids)
        found.append(timed(take_checkpoint))
    yield Row(f"verify, checkpoint of {len(ids)} chains that have grown", sorted(found)[len(found) // 2], "ms")


def _rate(entries: int, work: Callable[[], object]) -> float:
    return entries / (timed(work) / 1000)


def _prove() -> None:
    found = prove()
    if found.problems:
        raise RuntimeError(f"the log does not verify: {found.problems[0]}")


def _verify_file(file: Path) -> None:
    subprocess.run([sys.executable, "-I", str(VERIFIER), str(file)], check=True, capture_output=True)  # noqa: S603


def _read() -> float:
    """Entries per second, read as they are stored."""
    started, entries = time.perf_counter(), 0
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT * FROM activity_entry")
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            entries += len(rows)
    return entries / (time.perf_counter() - started)
