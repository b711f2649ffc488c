"""How much a token may ask for in a minute."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError

from accounts.commands import create_token
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from incidents.models import Incident

LIST = "/api/v1/incidents/"


@pytest.fixture
def script(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.API_READS_PER_MINUTE, settings.API_WRITES_PER_MINUTE = 3, 2
    monkeypatch.setattr("accounts.throttling.time.time", lambda: 1_700_000_048.0)
    _, key = create_token("script", actor=SYSTEM, role="lead")
    return Client(headers={"Authorization": f"Bearer {key}"})


def follow(client: Client, incident: Incident) -> Any:
    return client.post(f"{LIST}{incident.pk}/follow/", {}, content_type="application/json")


def test_beyond_its_reads_or_writes_a_token_is_told_when_to_go_on(
    script: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [script.get(LIST).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = script.get(LIST)
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["Retry-After"] == "52"
    assert refused.json()["detail"] == "This token may read 3 times a minute; go on in 52 s."
    assert [follow(script, incident).status_code for _ in range(3)] == [409, 409, 429]
    monkeypatch.setattr("accounts.throttling.time.time", lambda: 1_700_000_100.0)
    assert script.get(LIST).status_code == 200


def test_people_and_other_tokens_are_not_counted_with_it(
    script: Client, ana: User, sign_in: Callable[[User], Client]
) -> None:
    person = sign_in(ana)
    assert {person.get(LIST).status_code for _ in range(5)} == {200}
    assert {script.get(LIST).status_code for _ in range(3)} == {200}
    _, key = create_token("other", actor=SYSTEM, role="lead")
    assert Client(headers={"Authorization": f"Bearer {key}"}).get(LIST).status_code == 200


def test_where_the_cache_is_away_nobody_is_stopped(script: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "incr", away)
    assert {script.get(LIST).status_code for _ in range(5)} == {200}


def test_alerts_are_counted_by_themselves_and_only_where_they_are_limited(
    script: Client, sensor: tuple[AccessToken, str], settings: Any
) -> None:
    client = Client(headers={"Authorization": f"Bearer {sensor[1]}"})

    def send(*ids: str) -> Any:
        rows = [
            {"external_id": one, "title": "Beacon", "severity": "high", "first_activity": "2026-11-02T12:00:00Z"}
            for one in ids
        ]
        return client.post("/api/v1/alerts/", json.dumps(rows), content_type="application/json")

    assert {send("1").status_code for _ in range(4)} <= {200, 201}
    settings.API_ALERTS_PER_MINUTE = 3
    assert send("1", "2").status_code == 201
    refused = send("3", "4")
    assert (refused.status_code, refused["Retry-After"]) == (429, "52")
