"""The alert list for programs: the page's alerts under the page's keys, beside the POST that takes alerts in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.commands import create_token
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, Severity
from alerts.models import Alert
from incidents.changes import AlertChanges
from incidents.commands import manage_alerts, restrict
from incidents.models import Incident
from tests.alerts.test_alert_queue import many
from tests.conftest import alert, device, opened
from tests.incidents.rows import row, stored

ADDRESS = "/api/v1/alerts/"


def bearer(role: str) -> dict[str, str]:
    _, key = create_token(f"script of {role}", actor=SYSTEM, role=role)
    return {"Authorization": f"Bearer {key}"}


def listed(client: Client, query: str = "", **headers: Any) -> dict[str, Any]:
    answer = client.get(f"{ADDRESS}?{query}", headers=headers or None)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_an_alert_is_told_in_plain_words(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    first = incident.alerts.get(external_id="1")
    changes = AlertChanges(
        assignee=ana, classification=Classification.TRUE_POSITIVE, determination=Determination.MALWARE
    )
    manage_alerts([first.pk], changes, actor=lee.as_actor())
    told = next(each for each in listed(sign_in(ana))["alerts"] if each["id"] == first.pk)
    assert {name: told[name] for name in ("title", "severity", "status", "classification", "determination")} == {
        "title": "Encoded command",
        "severity": "medium",
        "status": "new",
        "classification": "true_positive",
        "determination": "malware",
    }
    assert told["assignee"] == {"kind": "user", "key": "ana", "name": "Ana Ruiz"}
    assert (told["incident"]["number"], told["first_activity"]) == (incident.pk, "2026-11-02T12:00:00Z")
    assert told["url"].endswith(f"/alerts/{first.pk}/")


def test_page_after_page_gives_each_alert_once(ana: User, sign_in: Callable[[User], Client]) -> None:
    (incident,) = stored([row()])
    wanted = {each.pk for each in many(23, incident)}
    client, found, query = sign_in(ana), list[int](), "limit=5&count=exact&sort=-severity"
    while True:
        body = listed(client, query)
        assert (body["count"], body["count_is_exact"]) == (23, True)
        found += [each["id"] for each in body["alerts"]]
        if body["next"] is None:
            break
        query = body["next"].partition("?")[2]
    assert (len(found), set(found)) == (23, wanted)


def test_tokens_see_what_is_not_restricted(incident: Incident, lee: User) -> None:
    secret = opened(alert("secret", entities=(device("dc-99"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    body = listed(Client(), "status=any&severity=any&count=exact", **bearer("reader"))
    assert (len(body["alerts"]), body["count"]) == (2, 2)


def test_a_sender_may_send_and_not_list(db: None, sensor: tuple[AccessToken, str]) -> None:
    headers = {"Authorization": f"Bearer {sensor[1]}"}
    assert Client().get(ADDRESS, headers=headers).status_code == 403
    assert Client().post(ADDRESS, b"", content_type="application/json", headers=headers).status_code == 400
    assert Client().get(ADDRESS).status_code == 401
    assert Client().delete(ADDRESS, headers=bearer("admin")).status_code in (403, 405)


@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        ("severty=high", "severty", "did you mean “severity”"),
        ("status=nwe", "status", "did you mean “new”"),
        ("limit=0", "limit", "from 1 to 200"),
        ("after=x", "after", "damaged"),
        ("sort=title", "sort", "is no order"),
    ],
)
def test_what_means_nothing_is_a_problem_that_names_the_key(
    db: None, ana: User, sign_in: Callable[[User], Client], query: str, field: str, hint: str
) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = next(each for each in answer.json()["errors"] if each["field"] == field)
    assert hint in problem["problem"]


def test_statements_do_not_grow_with_the_list(
    ana: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        opened(alert(str(number), severity=Severity.HIGH, entities=(device(f"h{number}"),)))
    client = sign_in(ana)
    with django_assert_max_num_queries(5):
        assert len(listed(client)["alerts"]) == Alert.objects.count() == 12
