"""Each kind of request has its own time for one statement, and the connection is told only when that changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AccessToken, User
from incidents.models import Incident
from incidents.queries import queue
from portal.servers.logs import _in_words
from portal.time_limits import share_of


@pytest.mark.parametrize(
    ("route", "method", "share"),
    [
        ("incidents/", "GET", 1 / 3),
        ("incidents/<int:number>/", "HEAD", 1 / 3),
        ("api/v1/incidents/", "GET", 1 / 3),
        ("incidents/<int:number>/comments/", "POST", 1),
        ("exports/incidents.csv", "GET", 1),
        ("settings/log/", "GET", 1),
        ("status/", "GET", 1),
        ("api/v1/alerts/", "POST", 2 / 3),
        ("api/v1/alerts/", "GET", 1 / 3),
    ],
)
def test_by_what_is_asked_for(route: str, method: str, share: float) -> None:
    assert share_of(route, method) == share


@pytest.mark.django_db(transaction=True)
def test_the_database_ends_what_takes_longer(
    incident: Incident,
    ana: User,
    sensor: tuple[AccessToken, str],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'")
            return int(cursor.fetchone()[0])

    whole, client = settings.STATEMENT_TIMEOUT, sign_in(ana)
    assert told() == whole
    client.get("/incidents/")
    assert told() == whole // 3
    with CaptureQueriesContext(connection) as asked:
        client.get("/incidents/")
    assert not [each for each in asked if "statement_timeout" in each["sql"].lower() and "SET LOCAL" not in each["sql"]]
    client.post(f"/incidents/{incident.pk}/comments/", {"text": "x"})
    assert told() == whole
    bearer = {"Authorization": f"Bearer {sensor[1]}"}
    Client().post("/api/v1/alerts/", "[{}]", content_type="application/json", headers=bearer)
    assert told() == whole * 2 // 3
    connection.close()
    client.get("/incidents/")
    assert told() == whole // 3, "a new connection is told as well"
    monkeypatch.setattr("portal.time_limits.settings.STATEMENT_TIMEOUT", 150)

    def slow(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(queue, "with_defaults", slow)
    answer = client.get("/incidents/")
    assert (answer.status_code, "Narrow it" in answer.content.decode()) == (503, True)
    connection.close()


def test_what_a_child_said_last_is_shown_in_words() -> None:
    line = '{"time": "x", "level": "error", "event": "It broke", "error": "builtins.ValueError", "message": "no"}'
    assert _in_words(line) == "It broke: builtins.ValueError: no"
    assert _in_words("FATAL:  too many") == "FATAL:  too many"
    assert _in_words("17") == "17"
