"""Whatever goes wrong under /api/ is told as a problem document (RFC 9457), also before a view is reached."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from psycopg.errors import LockNotAvailable

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from incidents.models import Incident
from tests.access.addresses import address
from tests.access.matrix import TABLE

PROBLEM = "application/problem+json"


@pytest.fixture
def script(db: None) -> Client:
    _, key = create_token("script", actor=SYSTEM, role="admin")
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


def told(answer: Any, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM), answer.content
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"] and body["detail"]
    return body


def test_what_is_not_there_is_told_as_a_problem(script: Client) -> None:
    told(script.get("/api/v1/nothing/"), 404)
    told(Client().get("/api/v1/nothing/"), 404)
    told(script.get("/api/"), 404)
    told(script.get("/api/v1/incidents/999/"), 404)
    assert script.get("/nothing/")["Content-Type"].startswith("text/html")


def test_a_missing_slash_is_named_where_a_redirect_would_lose_the_body(script: Client) -> None:
    assert "slash" in told(script.post("/api/v1/incidents/merge", {}, content_type="application/json"), 404)["detail"]
    assert script.get("/api/v1/incidents").status_code == 301


def test_a_method_that_an_address_does_not_take_is_told_with_those_that_it_takes(
    script: Client, incident: Incident
) -> None:
    answer = script.put(f"/api/v1/incidents/{incident.pk}/", {}, content_type="application/json")
    told(answer, 405)
    assert answer["Allow"] == "GET, HEAD, PATCH"
    told(script.options("/api/v1/incidents/"), 405)
    told(Client().put(f"/api/v1/incidents/{incident.pk}/"), 401)


def test_who_does_not_get_in_is_told_so(incident: Incident, vic: User) -> None:
    answer = Client().get("/api/v1/incidents/")
    told(answer, 401)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    reader = Client()
    reader.force_login(vic)
    told(reader.post("/api/v1/incidents/merge/", {}, content_type="application/json"), 403)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(vic)
    told(strict.post(f"/api/v1/incidents/{incident.pk}/follow/", {}, content_type="application/json"), 403)


def test_what_nobody_expected_is_logged_and_tells_nothing_of_itself(
    script: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("incidents.api.incidents.plain_incidents", fails)
    with caplog.at_level(logging.ERROR):
        answer = script.get(f"/api/v1/incidents/{incident.pk}/")
    assert "hunter2" not in json.dumps(told(answer, 500))
    assert "hunter2" in caplog.text


def test_others_in_the_way_for_the_moment_are_a_503_that_says_when_to_come_back(
    script: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked_out(*_: Any) -> None:
        raise OperationalError from LockNotAvailable("canceling statement due to lock timeout")

    monkeypatch.setattr("incidents.api.incidents.plain_incidents", locked_out)
    answer = script.get(f"/api/v1/incidents/{incident.pk}/")
    told(answer, 503)
    assert answer["Retry-After"] == "2"


def test_a_body_that_is_too_large_is_413(script: Client, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    for name in ("merge", "alerts"):
        body = json.dumps({"reason": "x" * 2000})
        told(script.post(reverse(f"api:{name}"), body, content_type="application/json"), 413)


def test_a_body_that_is_no_json_is_told_where(script: Client) -> None:
    address = reverse("api:merge")
    assert "line 1" in told(script.post(address, "{,}", content_type="application/json"), 400)["detail"]
    repeated = told(script.post(address, '{"reason": "a", "reason": "b"}', content_type="application/json"), 400)
    assert "there twice" in repeated["detail"]
    deep = told(script.post(address, "[" * 100 + "]" * 100, content_type="application/json"), 400)
    assert "nested deeper" in deep["detail"]
    told(script.post(address, "<a/>", content_type="text/xml"), 415)


def test_every_address_refuses_a_key_that_it_does_not_know(script: Client, incident: Incident) -> None:
    """Also where it takes none at all, so that a filter with a slip in it never reads as no filter."""
    wrong = []
    of_persons = ("api:tokens", "api:token")
    for name, methods in TABLE.items():
        if name.startswith("api:") and name not in of_persons:
            where = address(name, incident)
            for method in methods:
                answer = getattr(script, method.lower())(f"{where}?nonsense=1", content_type="application/json")
                told_fields = [each["field"] for each in answer.json().get("errors", [])]
                if (answer.status_code, told_fields) != (400, ["nonsense"]):
                    wrong.append((method, name, answer.status_code, told_fields))
    assert wrong == []
