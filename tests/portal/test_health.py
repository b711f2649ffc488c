"""Health as a load balancer sees it. Real servers answer, or a socket that never does."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from portal import health
from portal.environment import load_environment
from portal.health import WORKER_KEY, redis_client


@pytest.fixture(autouse=True)
def _ask_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_kept", (float("-inf"), {}))


@pytest.fixture
def worker() -> Iterator[None]:
    """A worker that has just shown a sign of life."""
    with redis_client() as client:
        client.set(WORKER_KEY, "1", ex=60)
        yield
        client.delete(WORKER_KEY)


def states(client: Client) -> tuple[int, dict[str, str]]:
    """Status of /readyz and the state of each check."""
    answer = client.get("/readyz")
    return answer.status_code, {name: check["state"] for name, check in answer.json()["checks"].items()}


def test_a_living_process_says_so_without_touching_anything(client: Client) -> None:
    answer = client.get("/healthz")  # the database is not allowed in this test
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_it_is_ready_when_all_answer(client: Client, worker: None) -> None:
    assert states(client) == (200, {"database": "ok", "broker": "ok", "worker": "ok"})


def test_it_is_not_ready_without_a_worker(client: Client) -> None:
    with redis_client() as redis:
        redis.delete(WORKER_KEY)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["checks"]["worker"]["state"] == "no worker has shown a sign of life"
    assert answer.json()["checks"]["broker"]["state"] == "ok"


def test_it_is_not_ready_without_a_broker(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    load_environment.cache_clear()
    try:
        status, found = states(client)
    finally:
        load_environment.cache_clear()
    assert status == 503
    assert found["broker"] == "does not answer"
    assert found["database"] == "ok"


def test_a_database_that_is_away_is_noticed_at_once(
    client: Client, worker: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", str(tmp_path))
    assert states(client) == (503, {"database": "does not answer", "broker": "ok", "worker": "ok"})


def test_a_database_that_never_answers_is_not_waited_for(
    client: Client, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setitem(connections["default"].settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connections["default"].settings_dict, "PORT", str(silent.getsockname()[1]))
        started = time.monotonic()
        status, found = states(client)
    assert (status, found["database"]) == (503, "does not answer")
    assert time.monotonic() - started < 4


def test_nothing_about_addresses_is_given_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", "/secret/place")
    assert b"secret" not in client.get("/readyz").content
