"""Exports survive what can happen to the machine: whatever is killed while one is made, there is one file and one entry
in the log, and the state is right within a minute. `EXPORT_FAULTS=50` tries more."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from exports.rendering import missing_for_pdf
from tests.portal.running import Portal

ROUNDS = int(os.environ.get("EXPORT_FAULTS", "3"))
RIGHT_WITHIN = 60.0
"""Seconds."""
ALERTS = 60
MANY = {"WORKER_PROCESSES": "2"}

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf())


class Api:
    """A program that talks to the portal, and tries again where it gets no answer."""

    def __init__(self, portal: Portal, key: str) -> None:
        self.base, self.key = f"http://127.0.0.1:{portal.port}/api/v1", key

    def ask(self, path: str, said: Any = None) -> Any:
        """The answer as JSON; asked until there is one."""
        deadline = time.monotonic() + RIGHT_WITHIN
        while True:
            try:
                return json.loads(self.bytes(path, said))
            except OSError as problem:
                assert not isinstance(problem, urllib.error.HTTPError) or problem.code >= 500, problem.read()
                assert time.monotonic() < deadline, f"no answer for {path}"
                time.sleep(0.2)

    def bytes(self, path: str, said: Any = None) -> bytes:
        url = path if path.startswith("http") else f"{self.base}{path}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.key}"})
        if said is not None:
            request.data = json.dumps(said).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=15) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    running = Portal(tmp_path_factory.mktemp("faults") / "data", **MANY).start()
    try:
        yield running.wait_until_running()
    finally:
        running.clear()


@pytest.fixture(scope="module")
def api(portal: Portal) -> Api:
    """With an incident to be exported, number 1."""
    made = portal.manage("create_token", "faults", "--role", "analyst")
    key = re.search(r"wf_\S+", made.stdout)
    assert key, made.stdout + made.stderr
    sender = re.search(r"wf_\S+", portal.manage("create_token", "sensor", "--source", "edr").stdout)
    assert sender
    alerts = [
        {
            "source": "edr",
            "external_id": str(number),
            "title": f"Encoded command {number}",
            "severity": "high",
            "first_activity": f"2026-11-02T12:{number % 60:02}:00Z",
            "evidence": [{"type": "device", "hostname": "fin-ws-17"}],
        }
        for number in range(ALERTS)
    ]
    Api(portal, sender[0]).ask("/alerts/", alerts)
    return Api(portal, key[0])


def kill_worker(portal: Portal) -> None:
    portal.child("worker").kill()


def kill_child_of_worker(portal: Portal) -> None:
    for child in portal.child("worker").children():
        child.kill()


def kill_and_empty_redis(portal: Portal) -> None:
    portal.child("valkey").kill()
    for path in portal.data_dir.glob("*redis*/**/*"):
        if path.is_file() and path.suffix in (".aof", ".rdb", ".manifest"):
            path.unlink(missing_ok=True)


def kill_postgres(portal: Portal) -> None:
    portal.child("postgres").kill()


def restart_postgres(portal: Portal) -> None:
    portal.child("postgres").send_signal(signal.SIGINT)  # fast: sessions are ended


FAULTS = (kill_worker, kill_and_empty_redis, kill_postgres, kill_child_of_worker, restart_postgres)


@pytest.mark.parametrize("number", range(ROUNDS))
def test_one_file_and_one_entry_whatever_dies(portal: Portal, api: Api, number: int) -> None:
    chance = random.Random(number)
    fault = FAULTS[number % len(FAULTS)]
    before = exported(api)
    asked = api.ask("/incidents/1/exports/", {"anew": True, "marking": chance.choice(("green", "amber"))})
    wait_until_preparing(api, asked)
    time.sleep(chance.random() * 2)
    started = time.monotonic()
    with contextlib.suppress(psutil.NoSuchProcess, AssertionError):  # it is just being started after the last one
        fault(portal)
    while (told := api.ask(f"/exports/{asked['id']}/"))["state"] not in ("ready", "failed"):
        assert time.monotonic() - started < RIGHT_WITHIN, f"{told}\n{portal.said()}\n{portal.logs()}"
        time.sleep(0.2)
    assert told["state"] == "ready", f"{told}\n{portal.logs()}"
    content = api.bytes(f"/exports/{asked['id']}/file/")
    assert hashlib.sha256(content).hexdigest() == told["sha256"]
    new = [entry for entry in exported(api) if entry not in before]
    assert [told["sha256"] in entry["sentence"] for entry in new] == [True]


def test_afterwards_nothing_lies_about(portal: Portal, api: Api) -> None:
    known = [each for each in api.ask("/exports/")["exports"] if each["state"] == "ready"]
    files = [path for path in (portal.data_dir / "exports").glob("??/*") if path.is_file()]
    assert len(files) == len(known)
    assert not [each for each in portal.children() if any("exports.printing" in word for word in each.cmdline())]
    deadline = time.monotonic() + RIGHT_WITHIN
    while list((portal.data_dir / "exports" / "work").iterdir()):
        assert time.monotonic() < deadline, "what a killed worker left is still there"
        time.sleep(0.5)
    verified = portal.manage("verify_activity")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def wait_until_preparing(api: Api, asked: Any) -> None:
    deadline = time.monotonic() + RIGHT_WITHIN
    while (told := api.ask(f"/exports/{asked['id']}/"))["state"] == "queued":
        assert time.monotonic() < deadline, told
        time.sleep(0.05)


def exported(api: Api) -> list[Any]:
    """The incident's entries that say it was taken out."""
    found = api.ask("/incidents/1/activity/?kind=exports")
    return [entry for entry in found["entries"] if entry["verb"] == "incident.exported"]


def test_a_full_restart_in_the_middle_is_survived(portal: Portal, api: Api) -> None:
    asked = api.ask("/incidents/1/exports/", {"anew": True})
    wait_until_preparing(api, asked)
    portal.stop()
    portal.start().wait_until_running()
    started = time.monotonic()
    while (told := api.ask(f"/exports/{asked['id']}/"))["state"] != "ready":
        assert time.monotonic() - started < RIGHT_WITHIN, told
        time.sleep(0.2)
