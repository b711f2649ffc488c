"""What a portal has acknowledged stands, once, whatever dies: twenty clients read, send alerts, comment and save while
PostgreSQL is restarted, Redis loses all it had, and web and worker processes are killed.

`FAULTS=100` injects more, `EQUAL_POSTS=100` sends more. Each run prints its figures (`-s`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.portal.history import Browser, Call, Client, Verdict, alert, ask, judge, what_is_there
from tests.portal.running import Portal
from tests.portal.test_export_faults import kill_and_empty_redis, kill_worker

FAULTS = int(os.environ.get("FAULTS", "4"))
ROUNDS = int(os.environ.get("EQUAL_POSTS", "3"))
CLIENTS = 20
AT_ONCE = 50
READY_WITHIN = 60.0
"""Seconds after a fault."""
PASSWORD = "correct-horse-battery"
PEOPLE = """
from accounts.commands import create_user
from activity.actors import SYSTEM
create_user("olga", actor=SYSTEM, display_name="Olga Kern", role="admin", password="{password}")
"""


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("faults") / "data"
    running = Portal(folder, WEB_PROCESSES="2", WORKER_PROCESSES="1").start()
    try:
        yield running.wait_until_running()
    finally:
        running.clear()


@pytest.fixture(scope="module")
def sender(portal: Portal) -> str:
    """The key of a token that sends alerts."""
    made = portal.manage("create_token", "sensor", "--source", "edr")
    key = re.search(r"wf_\S+", made.stdout)
    assert key, made.stdout + made.stderr
    return key[0]


def restart_postgres(portal: Portal) -> None:
    portal.child("postgres").send_signal(signal.SIGINT)  # fast: sessions are ended


def kill_postgres(portal: Portal) -> None:
    portal.child("postgres").kill()


def kill_web(portal: Portal) -> None:
    """One of the processes that answer."""
    serving = portal.child("granian").children()
    (random.choice(serving) if serving else portal.child("granian")).kill()


def kill_all_web(portal: Portal) -> None:
    portal.child("granian").kill()


INJECTED = {
    restart_postgres: "postgres",
    kill_and_empty_redis: "redis",
    kill_worker: "worker",
    kill_web: "web",
    kill_postgres: "postgres",
    kill_all_web: "web",
}
"""What is injected and whom it meets; the short run takes the first ones, the long one all of them again and again."""
OFTEN = 3
"""How often one server is met within a minute: five times, and the supervisor gives up, as it should."""


def test_equal_alerts_sent_at_once_are_one(portal: Portal, sender: str) -> None:
    headers = {"Authorization": f"Bearer {sender}", "Content-Type": "application/json"}
    barrier = threading.Barrier(AT_ONCE)

    def post(body: bytes) -> tuple[int, str]:
        barrier.wait()
        for _ in range(20):
            answer = ask(portal, "POST", "/api/v1/alerts/", body, headers)
            if answer.status in (200, 201):
                return answer.status, json.loads(answer.body)["results"][0]["result"]
            assert answer.status == 0 or not answer.is_bare, answer
            time.sleep(float(answer.headers.get("retry-after", 0.2)))
        raise AssertionError("never taken")

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(ROUNDS):
            body = json.dumps([alert(f"alert-equal-{number}", host=f"equal-{number % 7}")]).encode()
            results = list(pool.map(post, [body] * AT_ONCE))
            assert sorted(word for _, word in results) == ["created"] + ["repeated"] * (AT_ONCE - 1), results
    found = what_is_there(portal)
    assert found["wrong"] == []
    assert {key: times for key, times in found["alert"].items() if key.startswith("equal-")} == {
        f"equal-{number}": 1 for number in range(ROUNDS)
    }


@pytest.fixture(scope="module")
def verdict(portal: Portal, sender: str) -> Verdict:
    """What comes of a run: the clients work, faults are injected, all is given time to recover, and then the history is
    held to what is there."""
    made = portal.manage("shell", "--no-imports", "-c", PEOPLE.format(password=PASSWORD))
    assert made.returncode == 0, made.stderr
    browser = Browser(portal, "olga", PASSWORD)
    incidents = own_incidents(portal, sender)
    stop = threading.Event()
    clients = [Client(number, portal, browser, sender, incident, stop) for number, incident in enumerate(incidents)]
    for client in clients:
        client.start()
    injected = inject(portal)
    stop.set()
    for client in clients:
        client.join(timeout=READY_WITHIN + 30)
    assert not [client for client in clients if client.is_alive()]
    portal.wait_for_status("/readyz", seconds=READY_WITHIN)
    history: list[Call] = [call for client in clients for call in client.history]
    found = what_is_there(portal)
    judged = judge(history, {kind: found[kind] for kind in ("alert", "comment", "save")})
    judged.wrong += found["wrong"]
    verified = portal.manage("verify_activity")
    if verified.returncode:
        judged.wrong.append(verified.stdout + verified.stderr)
    print(f"\n{len(injected)} faults, {len(history)} requests: {judged}")
    return judged


OWN = """
import json, sys
from alerts.models import Alert
found = Alert.objects.filter(external_id__startswith="alert-first-").order_by("pk")
sys.stdout.write(json.dumps([each.incident_id for each in found]))
"""


def own_incidents(portal: Portal, sender: str) -> list[int]:
    """An incident for each client, of a host of its own."""
    headers = {"Authorization": f"Bearer {sender}", "Content-Type": "application/json"}
    alerts = [alert(f"alert-first-{number}", host=f"host-{number}") for number in range(CLIENTS)]
    assert ask(portal, "POST", "/api/v1/alerts/", json.dumps(alerts).encode(), headers).status == 201
    told = portal.manage("shell", "--no-imports", "-c", OWN)
    found = list(json.loads(told.stdout))
    assert len(set(found)) == CLIENTS
    return found


def inject(portal: Portal) -> list[str]:
    """One fault after the other, each at a random moment of work; the next when the portal is ready again."""
    chance, faults, injected = random.Random(FAULTS), itertools.cycle(INJECTED), list[str]()
    met: dict[str, list[float]] = {server: [] for server in INJECTED.values()}
    while len(injected) < FAULTS:
        time.sleep(0.5 + chance.random())
        fault = next(faults)
        recently = [moment for moment in met[INJECTED[fault]] if time.monotonic() - moment < 65]
        if len(recently) >= OFTEN:
            continue
        with contextlib.suppress(psutil.NoSuchProcess, AssertionError):  # it is just being started after the last one
            fault(portal)
            met[INJECTED[fault]].append(time.monotonic())
            injected.append(fault.__name__)
        time.sleep(0.3)
        portal.wait_for_status("/readyz", seconds=READY_WITHIN)
    time.sleep(1)
    return injected


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(verdict: Verdict) -> None:
    assert verdict.lost == []
    assert verdict.doubled == []
    assert verdict.wrong == []
    assert all(verdict.acknowledged[kind] > CLIENTS for kind in ("alert", "comment", "save")), verdict


def test_whatever_fails_says_when_to_ask_again(verdict: Verdict) -> None:
    assert verdict.bare == {}
