"""When something fails: a page in our look, a sentence or a problem document, which says what to do and which request
it was; and a database that is away, busy or slow is no error of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from allauth.core.ratelimit import respond_429
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import OperationalError, close_old_connections, connection
from django.test import Client, RequestFactory

from accounts.models import User
from common import failures
from common.database_trouble import AWAY, CROWDED, FULL, OTHERS_FIRST, TOO_LONG_TO_SAVE, TOOK_TOO_LONG, failure_of
from common.failures import Failure
from common.request_id import named
from incidents.models import Incident
from incidents.queries import queue
from portal import errors
from portal.edge import Refused
from portal.refusals import tell
from tests.conftest import owner_connection

CONNECTS_BY = ("dbname", "user", "password", "host", "port")
HTMX = {"HX-Request": "true"}
ALL = (
    *(errors.NOT_UNDERSTOOD, errors.ANOTHER_ADDRESS, errors.MAY_NOT, errors.OPEN_TOO_LONG, errors.NOT_THERE),
    *(failures.refused("It was merged."), errors.too_large(4 * 1024 * 1024), errors.TOO_OFTEN, errors.BROKEN),
    *(AWAY, CROWDED, FULL, OTHERS_FIRST, TOO_LONG_TO_SAVE, TOOK_TOO_LONG),
)


def broken(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def lost() -> OperationalError:
    error = OperationalError("server closed the connection unexpectedly")
    error.__cause__ = psycopg.OperationalError("server closed the connection unexpectedly")
    return error


@pytest.mark.parametrize("failure", ALL, ids=lambda failure: f"{failure.status}-{failure.title}")
def test_every_failure_is_told_without_database_cache_and_session(failure: Failure) -> None:
    """pytest lets nobody near the database here."""
    with named("abcdef0123456789"):
        page = failures.answer(RequestFactory().get("/incidents/?q=<b>"), failure)
        sentence = failures.answer(RequestFactory().get("/incidents/", headers=HTMX), failure)
        document = failures.answer(RequestFactory().post("/api/v1/alerts/"), failure)
    assert {page.status_code, sentence.status_code, document.status_code} == {failure.status}
    text = page.content.decode()
    assert failure.title in text and "abcdef0123456789" in text and 'class="brand"' in text and "<b>" not in text
    assert ("Try again" in text) == (failure.status in (429, 500, 503))
    assert (sentence.content.decode(), sentence["Content-Type"]) == (failure.advice, "text/plain; charset=utf-8")
    told = json.loads(document.content)
    assert (told["status"], told["detail"], told["request_id"]) == (failure.status, failure.advice, "abcdef0123456789")
    assert document["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in page) == (failure.retry_after is not None)
    assert page["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_each_kind_of_failure_has_its_page(
    incident: Incident, ana: User, vic: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(ana)
    client.raise_request_exception = False
    nothing = client.get("/nothing/")
    may_not = sign_in(vic).post(f"/incidents/{incident.pk}/assign-to-me/")
    host = client.get("/incidents/", headers={"Host": "evil.example"})
    monkeypatch.setattr(queue, "with_defaults", broken(ZeroDivisionError("secret")))
    wrong = client.get("/incidents/")
    monkeypatch.setattr(queue, "with_defaults", broken(lost()))
    away = client.get("/incidents/")
    found = [(each.status_code, heading(each)) for each in (nothing, may_not, host, wrong, away)]
    assert found == [
        (404, "There is nothing here for you"),
        (403, "You may not do this"),
        (400, "This request did not make sense"),
        (500, "Something broke on our side"),
        (503, "Watchfloor cannot work at the moment"),
    ]
    for answer in (nothing, may_not, host, wrong, away):
        assert f"<code>{answer['X-Request-ID']}</code>" in answer.content.decode()
        assert "secret" not in answer.content.decode()
    assert away["Retry-After"] == "5"
    assert 'data-theme="auto"' in host.content.decode()


def heading(answer: Any) -> str:
    found = re.search(r"<title>(.*?) –", answer.content.decode())
    assert found, answer.content
    return found[1]


def test_what_is_refused_by_a_rule_is_said_in_its_words(
    incident: Incident, ana: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = failures.answer(RequestFactory().post("/incidents/1/follow/"), failures.refused("It was merged into #2."))
    assert page.status_code == 409
    assert "It was merged into #2." in page.content.decode()


def test_too_much_is_413_and_another_host_says_what_to_set(settings: Any) -> None:
    request = RequestFactory().post("/incidents/")
    assert errors.bad_request(request, RequestDataTooBig()).status_code == 413
    assert "ALLOWED_HOSTS" in errors.bad_request(request, DisallowedHost()).content.decode()


def test_too_many_tries_are_told_by_our_page() -> None:
    answer = respond_429(RequestFactory().post("/sign-in/"))
    assert (answer.status_code, heading(answer), answer["Retry-After"]) == (429, "Too many tries", "60")


def test_what_the_edge_refuses_looks_the_same() -> None:
    scope = {"method": "POST", "path": "/incidents/1/comments/", "headers": []}
    refused = Refused(413, "A request here may hold 4 MB.")
    page = tell(scope, refused, "abcdef0123456789")
    assert "A request here may hold 4 MB." in page.body.decode() and "abcdef0123456789" in page.body.decode()
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert tell({**scope, "headers": [(b"hx-request", b"true")]}, refused, "x").body == refused.reason.encode()
    told = json.loads(tell({**scope, "path": "/api/v1/alerts/"}, refused, "abcdef0123456789").body)
    assert (told["status"], told["request_id"]) == (413, "abcdef0123456789")


@pytest.mark.parametrize(
    ("state", "expected"),
    [("57P01", AWAY), ("57P03", AWAY), ("08006", AWAY), ("53300", CROWDED), ("53100", FULL), ("40P01", OTHERS_FIRST)],
)
def test_the_state_that_the_database_names_says_what_it_is(state: str, expected: Failure) -> None:
    assert failure_of(psycopg.errors.lookup(state)()) == expected


def test_errors_of_ours_stay_errors() -> None:
    for error in (psycopg.errors.lookup("42P01")(), psycopg.errors.lookup("22001")(), ZeroDivisionError(), None):
        assert failure_of(error) is None


@pytest.mark.django_db(transaction=True)
def test_reading_is_tried_again_when_its_connection_was_ended_and_writing_is_not(
    ana: User, incident: Incident, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended in the middle, as by an administrator or a restart."""
    tries: list[int] = []
    real = queue.with_defaults

    def ended_once(*args: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            end_sessions()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return real(*args)

    client = sign_in(ana)
    client.raise_request_exception = False
    monkeypatch.setattr(queue, "with_defaults", ended_once)
    assert client.get("/incidents/").status_code == 200
    assert len(tries) > 1
    monkeypatch.undo()
    end_sessions()
    assert client.get("/incidents/").status_code == 200, "also where it was ended before the session was read"
    end_sessions()
    close_old_connections()  # as the server does between requests
    assert client.post(f"/incidents/{incident.pk}/comments/", {"text": "Isolated."}).status_code == 302
    monkeypatch.setattr("incidents.views.comments.add_comment", broken(lost()))
    answer = client.post(f"/incidents/{incident.pk}/comments/", {"text": "Isolated."})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def end_sessions() -> None:
    parameters = {key: value for key, value in connection.get_connection_params().items() if key in CONNECTS_BY}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_is_held_for_long_is_said(ana: User, incident: Incident, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 50")
    try:
        with owner_connection() as other, other.transaction():
            other.execute("SELECT FROM incidents_incident WHERE id = %s FOR UPDATE", [incident.pk])
            answer = client.post(f"/incidents/{incident.pk}/comments/", {"text": "Isolated."})
    finally:
        connection.close()
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "being changed by somebody else" in answer.content.decode()
