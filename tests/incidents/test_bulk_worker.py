"""A worker that dies in the middle of a bulk act: each incident is changed exactly once all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from activity.chain import verify
from activity.models import Entry
from alerts.choices import Severity
from incidents import tasks
from incidents.changes import Changes
from incidents.commands import prepare_act, start_act
from incidents.models import BulkAct, Incident
from portal.environment import REPOSITORY
from tests.incidents.rows import row, stored

INCIDENTS = 2_000
PATIENCE = 60.0


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker on the test's own database, in a process group of its own."""
    address = urlsplit(os.environ["DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    variables = {**os.environ, "DATABASE_URL": urlunsplit(address._replace(path=f"/{name}"))}
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "portal", "worker", "--concurrency", "1", "--without-gossip"],
            cwd=REPOSITORY,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.django_db(transaction=True)
def test_killed_midway_nothing_is_lost_and_nothing_is_done_twice(
    ana: User, worker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(row(number, alerts_active=0, alerts_total=0) for number in range(INCIDENTS))
    draft = prepare_act(Incident.objects.all(), ana)
    act = start_act(draft, Changes(severity=Severity.LOW, add_tags=["wave"]), actor=ana.as_actor())
    tasks.announce(act.pk)
    _wait_until(act, lambda: act.done > 0)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    act.refresh_from_db()
    assert 0 < act.done < INCIDENTS, "the worker was killed too late to prove anything"
    assert act.state == "running"

    _wait_until_nobody_holds(act)
    taken_up: list[object] = []
    monkeypatch.setattr(tasks, "announce", taken_up.append)
    tasks.sweep_bulk_acts()
    assert taken_up == [], "the lease of the dead worker holds for a while"
    BulkAct.objects.filter(pk=act.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_bulk_acts()
    assert taken_up == [act.pk]
    tasks.run_bulk_act(str(act.pk))
    while taken_up[1:]:
        taken_up.pop()
        tasks.run_bulk_act(str(act.pk))

    act.refresh_from_db()
    assert (act.state, act.counts) == ("done", {"changed": INCIDENTS})
    entries = Entry.objects.filter(batch=act.pk, incident__isnull=False).values_list("incident", "verb")
    assert Counter(entries) == {
        (number, verb): 1
        for number in act.items.values_list("incident", flat=True)
        for verb in ("incident.severity_set", "incident.tags_changed")
    }
    assert Counter(Incident.objects.values_list("version", flat=True)) == {3: INCIDENTS}
    assert verify().breaks == ()


def _wait_until(act: BulkAct, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"the act is {act.state}, {act.counts}"
        time.sleep(0.01)
        act.refresh_from_db()


def _wait_until_nobody_holds(act: BulkAct) -> None:
    """The database notices the death of a client when it next writes to it, and then lets its locks go."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM incidents_bulkact WHERE id = %s FOR UPDATE SKIP LOCKED", [act.pk])
            if cursor.fetchone():
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)
