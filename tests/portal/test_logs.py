"""What is logged: one line of JSON for each event, with the request and who asked; never a secret, nor what people
write."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test import Client, RequestFactory

from accounts.models import AccessToken, User
from common.request_id import begin, end, named
from incidents.models import Incident
from portal import logs
from portal.envelope import Envelope
from portal.environment import load_environment
from tests.conftest import PASSWORD, alert, opened

SECRET = "Canary-7f3a-Secret"
COMMENT = "Canary 91bc says the finance director's machine is compromised"
FORGED = 'a\r\n{"level": "critical", "event": "forged"}\u2028\x1b[31m\u202egpj'


class Lines:
    """All that is logged, as it would be written."""

    def __init__(self) -> None:
        self.written = io.StringIO()
        self.handler = logging.StreamHandler(self.written)
        self.handler.setFormatter(logs.lines())

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def of_requests(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "request"]


@pytest.fixture
def lines() -> Iterator[Lines]:
    found = Lines()
    logging.getLogger().addHandler(found.handler)
    yield found
    logging.getLogger().removeHandler(found.handler)


def test_each_request_is_a_line_with_who_asked_and_its_name(
    lines: Lines, incident: Incident, ana: User, sensor: tuple[AccessToken, str], sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(ana).get(f"/incidents/{incident.pk}/?tab=activity&q={SECRET}")
    bearer = {"Authorization": f"Bearer {sensor[1]}"}
    Client().post("/api/v1/alerts/", "{}", content_type="application/json", headers=bearer)
    Client().get("/healthz")
    page, sent = lines.of_requests()
    assert (
        page.items()
        >= {
            "level": "info",
            "logger": "portal.envelope",
            "request": answer["X-Request-ID"],
            "person": "ana",
            "method": "GET",
            "path": f"/incidents/{incident.pk}/",
            "keys": ["q", "tab"],
            "status": answer.status_code,
        }.items()
    )
    assert page["ms"] > 0 and page["time"].endswith("Z")
    assert (sent["token"], sent["status"], sent["path"]) == ("sensor", 400, "/api/v1/alerts/")


def test_neither_secrets_nor_what_people_write_is_logged(
    lines: Lines,
    incident: Incident,
    ana: User,
    sensor: tuple[AccessToken, str],
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, comments = sign_in(ana), f"/incidents/{incident.pk}/comments/"
    client.raise_request_exception = False
    key = sensor[1]
    Client().post("/sign-in/", {"login": "ana", "password": SECRET})
    client.get("/incidents/", {"q": SECRET, "token": SECRET})
    Client().get(f"/incidents/?password={SECRET}", headers={"Cookie": f"sessionid={SECRET}"})
    Client().get("/api/v1/incidents/", headers={"Authorization": f"Bearer wf_{SECRET}"})
    client.post(comments, {"text": COMMENT})

    def failing_row(*_: Any, **__: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:  # the database's message quotes the value
            cursor.execute("SELECT %s::integer", [COMMENT])

    for error in (
        failing_row,
        refusing(IntegrityError(f"null value\nDETAIL:  Failing row contains (7, {COMMENT}).")),
        refusing(ValueError(f"cannot read “{COMMENT}” of {{'password': '{SECRET}'}}")),
        refusing(RuntimeError(f"postgresql://app:{SECRET}@db/watchfloor and {key}, Cookie: sessionid={SECRET}")),
    ):
        monkeypatch.setattr("incidents.views.comments.add_comment", error)
        assert client.post(comments, {"text": COMMENT}).status_code == 500
    logging.getLogger("ingest").warning("The token %s of %s is odd: secret_key=%s", key, "ana", SECRET)
    written = lines.written.getvalue()
    assert len([event for event in lines.events if "error" in event]) == 4
    assert [text for text in (SECRET, "Canary", "finance", key, PASSWORD) if text in written] == []
    assert "invalid input syntax for type integer" in written, "what is wrong is told all the same"


def refusing(error: Exception) -> Callable[..., None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    return refuse


def test_nobody_forges_a_line(lines: Lines, settings: Any, ana: User, sign_in: Callable[[User], Client]) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    hostile = {"X-Request-ID": FORGED, "User-Agent": FORGED, "Referer": FORGED, "X-Forwarded-For": FORGED}
    sign_in(ana).get("/incidents/a%0d%0a%7b%22level%22:%22critical%22%7d/", {FORGED: FORGED}, headers=hostile)
    incident = opened(alert(title=FORGED.replace("\r\n", " ")))
    logging.getLogger("alerts").warning("The alert %s of %s is odd", FORGED, incident)
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("alerts").exception("%s", FORGED)
    written = lines.written.getvalue()
    events = [json.loads(line) for line in written.split("\n")[:-1]]
    assert {event["level"] for event in events} == {"info", "warning", "error"}
    assert written.isascii() and "\x1b" not in written and "\r" not in written
    assert len(written.splitlines()) == len(events)
    shown = logs.plain(None, "", {"time": "2026-11-02T12:00:00.000Z", "level": "info", "logger": "x", "event": FORGED})
    assert len(shown.splitlines()) == 1 and "\x1b" not in shown and "\u202e" not in shown


def test_parts_of_an_address_that_let_somebody_in_are_left_out() -> None:
    request = RequestFactory().get("/reset/MQ/set-cx7-5d2/")
    request.resolver_match = type("Match", (), {"kwargs": {"uidb36": "MQ", "key": "set-cx7-5d2", "number": 4}})()
    assert logs.path_of(request) == "/reset/…/…/"


def test_what_a_worker_logs_carries_its_task_and_nothing_of_what_it_was_given(lines: Lines) -> None:
    """As celery.app.trace does it: results and messages of exceptions stand in its texts."""
    task = {"id": "b1a7", "name": "exports.tasks.make", "description": "raised unexpected", "exc": COMMENT}
    begin("b1a7")
    try:
        raise DataError(COMMENT) from psycopg.DataError(f'invalid input syntax for type json: "{COMMENT}"')
    except DataError:
        logging.getLogger("celery.app.trace").error(
            "Task %(name)s[%(id)s] %(description)s: %(exc)s", task, exc_info=True, extra={"data": task}
        )
    finally:
        end()
    (event,) = lines.events
    assert event["event"] == "Task exports.tasks.make[b1a7] raised unexpected"
    assert (event["request"], event["error"]) == ("b1a7", "django.db.utils.DataError")
    assert event["cause"] == 'DataError: invalid input syntax for type json: "…"'
    assert "finance" not in lines.written.getvalue().replace(event["message"], "")


def test_a_plain_form_is_there_for_eyes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "plain")
    load_environment.cache_clear()
    try:
        formatter = logs.lines()
    finally:
        load_environment.cache_clear()
    record = logging.LogRecord("portal", logging.INFO, "", 1, "request", (), None)
    record.told = {"status": 200}
    with named("abcdef"):
        assert formatter.format(record).endswith("INFO     portal: request  request=abcdef status=200")


def test_nothing_of_a_request_is_left_for_the_next() -> None:
    Envelope(lambda request: Client().get("/healthz"))(RequestFactory().get("/"))
    record = logging.LogRecord("portal", logging.INFO, "", 1, "later", (), None)
    assert "request" not in json.loads(logs.lines().format(record))
