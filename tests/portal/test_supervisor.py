"""`make up` as a person meets it: real servers, real signals, real accidents."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from portal.environment import REPOSITORY
from tests.portal.running import Portal, checks, free_port, sign_in
from tests.portal.visitor import Visitor

COUNT_SLOWLY = """
import sys, time
from django.contrib.contenttypes.models import ContentType
for _ in range(15):
    assert ContentType.objects.exists()
    time.sleep(0.1)
sys.stdout.write("counted")
"""


@pytest.fixture(scope="module")
def first_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal started on an empty data folder; it serves all these tests, because a start takes seconds."""
    portal = Portal(tmp_path_factory.mktemp("portal") / "data").start()
    yield portal.wait_until_running()
    portal.clear()


@pytest.fixture
def portal(first_portal: Portal) -> Portal:
    """The portal, running, whatever the test before has done to it."""
    assert first_portal.process
    if first_portal.process.poll() is not None:
        first_portal.start().wait_until_running()
    return first_portal


@pytest.fixture(scope="module")
def other_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal in another folder, which commands fill and in which a portal is then started: filling one takes
    longest."""
    portal = Portal(tmp_path_factory.mktemp("portal") / "another folder, mit Ümläut")
    yield portal
    portal.clear()


def test_it_answers_and_tells_the_administrator_once(portal: Portal) -> None:
    assert portal.status("/healthz") == 200
    assert len(sign_in(portal.said())) == 1
    assert f"http://127.0.0.1:{portal.port}/" in portal.said()


def test_it_becomes_ready(portal: Portal) -> None:
    portal.wait_for_status("/readyz")
    assert {name: check["state"] for name, check in checks(portal).items()} == {
        "database": "ok",
        "broker": "ok",
        "worker": "ok",
    }


def test_a_second_start_names_the_first(portal: Portal) -> None:
    second = portal.manage("up")
    assert second.returncode == 1
    assert f"already running on http://127.0.0.1:{portal.port}/" in second.stderr
    assert "Traceback" not in second.stdout + second.stderr


def test_commands_use_the_running_servers(portal: Portal) -> None:
    shown = portal.manage("showmigrations", "--database=owner", "contenttypes")
    assert "[X] 0001_initial" in shown.stdout, shown.stderr
    assert portal.status("/healthz") == 200


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_application_does_not_know_the_owner(portal: Portal) -> None:
    for name in ("granian", "worker", "beat"):
        variables = portal.child(name).environ()
        assert "watchfloor_app" in variables["DATABASE_URL"]
        assert not [value for value in variables.values() if "watchfloor_owner" in value]


def test_no_server_listens_on_the_network(portal: Portal) -> None:
    listening = [
        (process.name(), connection.laddr.port)
        for process in portal.children()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {port for _, port in listening} == {portal.port}


def test_secrets_and_sockets_are_private(portal: Portal) -> None:
    closed = ["secret_key", "logs", "postgres", "redis", "run/postgres", "run/redis"]
    modes = {
        name: (portal.data_dir / name).stat().st_mode & 0o077 for name in closed if (portal.data_dir / name).exists()
    }
    assert modes == dict.fromkeys(modes, 0)


@pytest.fixture(scope="module")
def sender(first_portal: Portal) -> str:
    """A token that may send alerts."""
    found = re.search(r"wf_\S+", first_portal.manage("create_token", "sensor", "--source", "edr").stdout)
    assert found
    return found[0]


@pytest.fixture
def admin(portal: Portal) -> Visitor:
    """The administrator at a browser, not signed in yet."""
    return Visitor(portal.port)


def password(portal: Portal) -> str:
    return sign_in(portal.said())[0].split("/")[1].split()[0]


ALERT = {
    "source": "edr",
    "external_id": "1",
    "title": "Encoded command",
    "severity": "high",
    "first_activity": "2026-11-02T12:00:00Z",
    "evidence": [{"type": "device", "hostname": "fin-ws-17"}],
}


@contextlib.contextmanager
def stopped(portal: Portal, name: str, sign: signal.Signals) -> Iterator[None]:
    """A server that is away, while nobody starts it again; then it is."""
    supervisor, server = psutil.Process(portal.pid), portal.child(name)
    supervisor.suspend()
    try:
        server.send_signal(sign)
        deadline = time.monotonic() + 10
        while server.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        supervisor.resume()


def test_without_redis_people_sign_in_read_and_write(portal: Portal, sender: str, admin: Visitor) -> None:
    assert admin.send("/api/v1/alerts/", ALERT, sender).status == 201
    with stopped(portal, "valkey", signal.SIGTERM):
        assert admin.sign_in("admin", password(portal)).status == 302
        started = time.monotonic()
        pages = [admin.get(path).status for path in ("/incidents/", "/incidents/1/", "/alerts/", "/views/", "/status/")]
        assert pages == [200] * 5
        assert admin.get("/incidents/changes/?since=now&open=1").status in (200, 204)
        assert admin.post("/incidents/1/comments/", {"text": "Isolated without Redis."}).status == 302
        view = {"name": "Mine", "query": "severity=high", "audience": "private"}
        assert admin.post("/views/new/", view).status == 302
        assert admin.send("/api/v1/alerts/", {**ALERT, "external_id": "2"}, sender).status == 201
        # a job is a row: announcing it must not keep the page waiting
        assert admin.post("/exports/incidents/1/archive/", {}).status == 302
        assert time.monotonic() - started < 10
        portal.wait_for_status("/readyz", 503, seconds=5)
    portal.wait_for_status("/readyz")
    assert "Isolated without Redis." in admin.get("/incidents/1/?tab=activity").text
    assert "Mine" in admin.get("/incidents/").text
    assert failed(portal) == []


def test_without_its_database_it_says_so_and_is_back_within_seconds(
    portal: Portal, sender: str, admin: Visitor
) -> None:
    assert admin.sign_in("admin", password(portal)).status == 302
    admin.get("/incidents/1/")
    web = portal.child("granian").pid
    with stopped(portal, "postgres", signal.SIGINT):
        page, document = admin.get("/incidents/"), admin.send("/api/v1/alerts/", ALERT, sender)
        sentence = admin.get("/incidents/1/", HX_Request="true")
        comment = admin.post("/incidents/1/comments/", {"text": "Nobody shall think that this was saved."})
        poll = admin.get("/incidents/changes/?since=now")
        form = Visitor(portal.port).get("/sign-in/")
        assert {page.status, document.status, sentence.status, comment.status, poll.status} == {503}
        assert form.status == 200, "it takes no database to be asked for a name"
        assert all(answer.headers["Retry-After"] == "5" for answer in (page, document, sentence, comment, poll))
        assert "Its database cannot be reached" in page.text and page.headers["X-Request-ID"] in page.text
        assert sentence.text.startswith("Its database cannot be reached")
        assert json.loads(document.text)["request_id"] == document.headers["X-Request-ID"]
        assert portal.status("/healthz") == 200
        portal.wait_for_status("/readyz", 503, seconds=5)
        large = admin.announce("/incidents/1/comments/", 5_000_000)
        assert (large.status, "A request here may hold 4 MB" in large.text) == (413, True)
        assert large.headers["X-Content-Type-Options"] == "nosniff"
    wait_for_database(portal)
    back = time.monotonic()
    while admin.get("/incidents/").status != 200:
        assert time.monotonic() - back < 5
        time.sleep(0.1)
    assert portal.child("granian").pid == web
    assert "Nobody shall think" not in admin.get("/incidents/1/?tab=activity").text
    assert failed(portal) == []


def wait_for_database(portal: Portal) -> None:
    """Until it takes connections again."""
    address, deadline = portal.child("granian").environ()["DATABASE_URL"], time.monotonic() + 30
    while True:
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def failed(portal: Portal) -> list[dict[str, Any]]:
    """Requests that ended with a 500, by the log of the web server; every line of which is JSON."""
    lines = (portal.data_dir / "logs" / "web.log").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event.get("status") == 500]


def test_every_process_logs_in_lines_of_json(portal: Portal) -> None:
    for name in ("web", "worker", "scheduler"):
        written = (portal.data_dir / "logs" / f"{name}.log").read_text()
        others = [line for line in written.splitlines() if not line.startswith('{"time": ')]
        assert written and others == [], name
        events = [json.loads(line) for line in written.splitlines()]
        assert all(event.keys() >= {"time", "level", "logger", "event"} for event in events), name


def test_a_killed_database_is_started_again(portal: Portal) -> None:
    before = portal.child("postgres")
    before.kill()
    time.sleep(0.2)
    portal.wait_for_status("/readyz")
    assert portal.child("postgres").pid != before.pid
    assert "PostgreSQL was killed (SIGKILL)" in portal.said()
    assert portal.process and portal.process.poll() is None


def test_a_killed_worker_is_started_again(portal: Portal) -> None:
    before = portal.child("worker")
    before.kill()
    deadline = time.monotonic() + 15
    while "The worker was killed" not in portal.said():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    assert portal.child("worker").pid != before.pid


def test_two_commands_in_an_empty_folder_share_its_servers(other_portal: Portal) -> None:
    """The last one turns off the light."""
    commands = [command(other_portal, COUNT_SLOWLY) for _ in range(2)]
    ends = [one.communicate(timeout=90) for one in commands]
    assert [one.returncode for one in commands] == [0, 0], ends
    assert all("counted" in printed for printed, _ in ends)
    assert sum("Setting up a new database" in errors for _, errors in ends) == 1
    assert other_portal.children() == []


def command(portal: Portal, code: str) -> subprocess.Popen[str]:
    """`manage.py shell` with some code, started and not waited for."""
    arguments = [sys.executable, str(REPOSITORY / "manage.py"), "shell", "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, env=portal.environment(), stdout=pipe, stderr=pipe, text=True)


def test_another_portal_runs_beside_it_until_it_must_give_up(portal: Portal, other_portal: Portal) -> None:
    other = other_portal.start().wait_until_running()
    assert len(sign_in(other.said())) == 1, "nobody was there yet, though the database was"
    assert (portal.status("/healthz"), other.status("/healthz")) == (200, 200)
    kill_again_and_again(other, "beat")
    assert other.process and other.process.wait(timeout=10) == 1
    assert "The scheduler stopped 5 times within a minute" in other.said()
    assert f"{other.data_dir}/logs/scheduler.log" in other.said()
    assert other.children() == []
    assert portal.status("/healthz") == 200


def kill_again_and_again(portal: Portal, name: str) -> None:
    """Kills each successor of a child until the supervisor starts no more."""
    assert portal.process
    deadline = time.monotonic() + 30
    while portal.process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(AssertionError, psutil.Error):
            portal.child(name).kill()
        time.sleep(0.05)


def test_it_recovers_from_its_own_sudden_death(portal: Portal) -> None:
    portal.kill()
    again = portal.start().wait_until_running()
    assert again.status("/healthz") == 200
    assert sign_in(again.said()) == [], "the administrator of the first start is still there"


def test_it_recovers_when_its_children_outlive_it(portal: Portal) -> None:
    orphans = [portal.child(name) for name in ("postgres", "valkey", "granian")]
    for process in orphans:
        process.suspend()
    portal.kill()
    for process in orphans:
        process.resume()
    again = portal.start().wait_until_running()
    assert again.status("/healthz") == 200
    assert not [process for process in orphans if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def test_asked_to_stop_it_leaves_nothing_behind(portal: Portal) -> None:
    assert portal.children()
    assert portal.stop(signal.SIGINT) < 10
    assert portal.process and portal.process.returncode == 0
    assert portal.children() == []
    assert "Watchfloor has stopped." in portal.said()
    assert portal.status("/healthz") == 0


def test_a_command_starts_the_servers_for_itself(first_portal: Portal) -> None:
    portal = first_portal
    portal.stop()
    shown = portal.manage("showmigrations", "--database=owner", "contenttypes")
    assert "[X] 0001_initial" in shown.stdout, shown.stderr
    assert portal.children() == []


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = Portal(tmp_path / "data", port).manage("up")
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is already in use" in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists(), "nothing was started"


@pytest.mark.skipif(not os.path.isdir("/sys/kernel"), reason="needs a folder that not even root can write to")
def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    portal = Portal(tmp_path / "data", DATA_DIR="/sys/kernel/watchfloor", SECRET_KEY="x" * 40)
    refused = portal.manage("up")
    assert refused.returncode == 1
    assert "cannot write to /sys/kernel/watchfloor" in refused.stderr
    assert "Traceback" not in refused.stdout + refused.stderr


def test_a_folder_of_another_version_is_named(tmp_path: Path) -> None:
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    refused = Portal(tmp_path / "data").manage("up")
    assert refused.returncode == 1
    assert "was made by PostgreSQL 9" in refused.stderr


def test_wrong_settings_are_refused_without_a_traceback(tmp_path: Path) -> None:
    refused = Portal(tmp_path / "data", PORT="http").manage("up")
    assert refused.returncode == 2
    assert refused.stderr.startswith("PORT must be a whole number, not 'http'")
    assert "Traceback" not in refused.stderr
