"""The queue for programs: the page's incidents under the page's keys, to people and tokens, page by page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.commands import create_token
from accounts.models import AccessToken, Team, User
from activity.actors import SYSTEM
from alerts.choices import Classification, Determination, Severity
from incidents.choices import IncidentStatus
from incidents.commands import assign, change_tags, classify, resolve, restrict
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened
from tests.incidents.rows import row, stored, tag

ADDRESS = "/api/v1/incidents/"
PROBLEM = "application/problem+json"


def listed(client: Client, query: str = "", **headers: Any) -> dict[str, Any]:
    answer = client.get(f"{ADDRESS}?{query}", headers=headers or None)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    return body


def numbers(body: dict[str, Any]) -> list[int]:
    return [incident["number"] for incident in body["incidents"]]


def all_numbers(client: Client, query: str = "") -> list[int]:
    """Page after page, by the links that the answers give."""
    found: list[int] = []
    body = listed(client, query)
    while True:
        found += numbers(body)
        if body["next"] is None:
            return found
        answer = client.get(body["next"])
        assert answer.status_code == 200, answer.content
        body = answer.json()


def bearer(role: str) -> tuple[AccessToken, dict[str, str]]:
    token, key = create_token(f"script of {role}", actor=SYSTEM, role=role)
    return token, {"Authorization": f"Bearer {key}"}


@pytest.fixture
def queue(db: None, ana: User) -> list[Incident]:
    """One of each severity and status, and three more of the usual kind."""
    incidents = stored(
        [
            *(row(number, severity=severity) for number, severity in enumerate(Severity)),
            *(row(10 + number, status=status) for number, status in enumerate(list(IncidentStatus)[:3])),
            *(row(20 + number, assignee_user=ana) for number in range(3)),
        ]
    )
    tag(incidents[1], "wave")
    return incidents


# ----------------------------------------------------------------------------------------------- what it tells of one


def test_an_incident_is_told_in_plain_words(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    assign(incident, ana, actor=lee.as_actor())
    change_tags(incident, add=["wave", "Finance"], actor=lee.as_actor())
    classify(incident, Classification.TRUE_POSITIVE, Determination.MALWARE, actor=lee.as_actor())
    [told] = listed(sign_in(lee))["incidents"]
    incident.refresh_from_db()
    assert {key: told[key] for key in told if key not in ("created", "updated", "priority")} == {
        "number": incident.pk,
        "url": f"http://testserver/incidents/{incident.pk}/",
        "name": incident.name,
        "name_is_automatic": True,
        "severity": "high",
        "severity_is_automatic": True,
        "status": "active",
        "classification": "true_positive",
        "determination": "malware",
        "assignee": {"kind": "user", "key": "ana", "name": "Ana Ruiz"},
        "tags": [{"name": "Finance", "kind": "custom"}, {"name": "wave", "kind": "custom"}],
        "restricted": False,
        "alerts": {"total": 2, "active": 2},
        "assets": {"device": 1},
        "sources": ["Endpoint sensor"],
        "categories": ["execution", "impact"],
        "first_activity": "2026-11-02T12:00:00Z",
        "last_activity": "2026-11-02T13:00:00Z",
        "resolved": None,
        "resolved_by": "",
        "resolution_note": "",
        "snoozed_until": None,
        "due": None,
        "tasks": {"total": 0, "open": 0},
        "redirected_to": None,
        "related_to": None,
        "version": incident.version,
    }
    assert told["created"] == incident.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert told["priority"] == incident.priority
    by_itself = sign_in(lee).get(f"{ADDRESS}{incident.pk}/").json()
    assert by_itself == told | {"tasks": {"total": 0, "open": 0, "list": []}}


def test_a_team_and_nobody_as_assignee(queue: list[Incident], tier2: Team, sign_in: Callable[[User], Client]) -> None:
    assign(queue[3], tier2, actor=SYSTEM)
    client = sign_in(tier2.members.all()[0])
    assert client.get(f"{ADDRESS}{queue[3].pk}/").json()["assignee"] == {
        "kind": "team",
        "key": "team:tier2",
        "name": "Tier 2",
    }
    assert client.get(f"{ADDRESS}{queue[2].pk}/").json()["assignee"] is None


def test_what_resolved_it_is_told(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    told = sign_in(ana).get(f"{ADDRESS}{incident.pk}/").json()
    assert (told["status"], told["resolved_by"], told["resolution_note"]) == ("resolved", "Ana Ruiz", "Reimaged.")
    assert told["resolved"].endswith("Z")


def test_times_are_utc_whatever_zone_the_person_lives_in(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    ana.time_zone = "Asia/Tokyo"
    ana.save()
    assert listed(sign_in(ana))["incidents"][0]["first_activity"] == "2026-11-02T12:00:00Z"


@pytest.mark.parametrize("number", [999_999, 2**63 - 1, 2**63, 10**40])
def test_a_number_that_is_none_is_404(
    incident: Incident, ana: User, sign_in: Callable[[User], Client], number: int
) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}{number}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


# --------------------------------------------------------------------------------------------------- the page's lists


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=any&severity=any",
        "status=resolved",
        "severity=high&severity=low",
        "severity=informational",
        "assignee=me",
        "assignee=unassigned&severity=any",
        "tag=wave",
        "q=%232",
        "last_activity=2026-11-02T12:05..",
        "status=any&severity=any&sort=-severity",
        "status=any&severity=any&sort=created",
        "status=any&severity=any&sort=number",
    ],
)
def test_the_same_address_gives_the_same_incidents_as_the_page(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str
) -> None:
    client = sign_in(ana)
    on_page = [shown.number for shown in client.get(f"{reverse('incidents:queue')}?{query}").context["rows"]]
    body = listed(client, f"{query}&count=exact" if query else "count=exact")
    assert numbers(body) == on_page
    assert (body["count"], body["count_is_exact"]) == (len(on_page), True)


def test_it_names_the_page_that_shows_the_same(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    body = listed(client, "severity=high&severity=medium&limit=2&count=exact")
    page = client.get(body["page"])
    assert len(page.context["rows"]) == body["count"]
    assert "limit" not in body["page"] and "count" not in body["page"]


def test_a_redirected_incident_names_the_one_it_went_into_and_is_gone_where_that_is_restricted(
    ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    [target] = stored([row(1)])
    [source] = stored([row(2, status=IncidentStatus.REDIRECTED, redirected_to=target, related_to=target)])
    client = sign_in(ana)
    told = client.get(f"{ADDRESS}{source.pk}/").json()
    assert (told["status"], told["redirected_to"], told["related_to"]) == ("redirected", target.pk, target.pk)
    restrict(target, [lee], actor=lee.as_actor())
    assert client.get(f"{ADDRESS}{source.pk}/").status_code == 404


# ---------------------------------------------------------------------------------------------------- page after page


@pytest.mark.parametrize("sort", ["-last_activity", "severity", "number", "-updated"])
def test_the_next_links_lead_through_all_of_them_once(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], sort: str
) -> None:
    client = sign_in(ana)
    query = f"status=any&severity=any&sort={sort}"
    paged = all_numbers(client, f"{query}&limit=3")
    assert paged == numbers(listed(client, query))
    assert sorted(paged) == sorted(each.pk for each in queue)


def test_what_changes_on_the_way_is_neither_doubled_nor_an_error(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    body = listed(client, "status=any&severity=any&sort=number&limit=4")
    Incident.objects.filter(pk__in=numbers(body)).update(last_activity=NOON + timedelta(days=9))
    stored([row(99)])
    rest = client.get(body["next"]).json()
    assert not set(numbers(body)) & set(numbers(rest))


def test_fifty_come_unless_said_and_two_hundred_at_most(ana: User, sign_in: Callable[[User], Client]) -> None:
    stored([row(number) for number in range(210)])
    client = sign_in(ana)
    assert len(listed(client)["incidents"]) == 50
    assert len(listed(client, "limit=200")["incidents"]) == 200
    assert "count" not in listed(client)


def test_a_capped_count_says_that_it_is_capped(ana: User, sign_in: Callable[[User], Client]) -> None:
    stored([row(number) for number in range(1_003)])
    client = sign_in(ana)
    body = listed(client, "limit=1&count=capped")
    assert (body["count"], body["count_is_exact"]) == (1_000, False)
    body = listed(client, "limit=1&count=exact")
    assert (body["count"], body["count_is_exact"]) == (1_003, True)
    body = listed(client, "limit=1&count=capped&severity=high")
    assert (body["count"], body["count_is_exact"]) == (0, True)


@pytest.mark.parametrize("rows", [2, 60])
def test_a_page_takes_the_same_statements_whatever_its_length(
    ana: User, sign_in: Callable[[User], Client], django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    stored([row(number) for number in range(rows)])
    client = sign_in(ana)
    with django_assert_num_queries(4):  # session, person with their role, the page's keys, its rows
        listed(client, "limit=50")


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("severty=high", "severty", "severity"),
        ("limt=5", "limt", "limit"),
        ("severity=hihg", "severity", "high"),
        ("status=open", "status", "known are"),
        ("sort=-severty", "sort", "-severity"),
        ("last_activity=week", "last_activity", "no date"),
        ("assignee=anna", "assignee", "ana"),
        ("assignee=team:tier3", "assignee", "unknown"),
        ("tag=waev", "tag", "wave"),
        ("limit=0", "limit", "1 to 200"),
        ("limit=201", "limit", "1 to 200"),
        ("limit=٣", "limit", "1 to 200"),
        ("limit=", "limit", "1 to 200"),
        ("limit=5&limit=6", "limit", "once"),
        ("count=exat", "count", "exact"),
        ("after=nonsense", "after", "damaged"),
        ("before=nonsense", "before", "damaged"),
        ("format=csv", "format", ""),
        ("q=%00", "q", ""),
        ("tag=%00", "tag", "NUL"),
    ],
)
def test_what_means_nothing_is_refused_by_its_key(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str, field: str, said: str
) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    [error] = [error for error in answer.json()["errors"] if error["field"] == field]
    assert said in error["problem"]


def test_a_cursor_of_another_order_is_refused(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    cursor = listed(client, "limit=1&sort=number")["next"].rpartition("after=")[2]
    answer = client.get(f"{ADDRESS}?sort=-severity&after={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "after")


# ------------------------------------------------------------------------------------------------------------ access


def test_a_token_whose_role_sees_incidents_may_read(queue: list[Incident]) -> None:
    _, headers = bearer("reader")
    assert len(numbers(listed(Client(), "status=any&severity=any", **headers))) == len(queue)
    assert Client().get(f"{ADDRESS}{queue[0].pk}/", headers=headers).status_code == 200


def test_to_a_token_me_is_nobody(queue: list[Incident]) -> None:
    _, headers = bearer("reader")
    answer = Client().get(f"{ADDRESS}?assignee=me", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "assignee")


def test_nobody_is_asked_to_sign_in_and_others_are_told_they_may_not(
    queue: list[Incident], otto: User, sensor: tuple[AccessToken, str], sign_in: Callable[[User], Client]
) -> None:
    for address in (ADDRESS, f"{ADDRESS}{queue[0].pk}/"):
        assert Client().get(address).status_code == 401
        assert sign_in(otto).get(address).status_code == 403
        assert Client().get(address, headers={"Authorization": f"Bearer {sensor[1]}"}).status_code == 403


def test_a_restricted_incident_is_there_for_its_members_only(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    one = f"{ADDRESS}{incident.pk}/"
    assert listed(sign_in(lee), "count=exact")["count"] == 1
    assert sign_in(lee).get(one).status_code == 200
    _, headers = bearer("admin")
    body = listed(Client(), "count=exact", **headers)
    assert (body["incidents"], body["count"]) == ([], 0)
    assert Client().get(one, headers=headers).status_code == 404
    assert (listed(sign_in(ana), "count=exact")["count"], sign_in(ana).get(one).status_code) == (0, 404)


def test_it_only_reads(incident: Incident, lee: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(lee)
    for address in (ADDRESS, f"{ADDRESS}{incident.pk}/"):
        assert client.post(address).status_code in (403, 405)
        assert client.delete(address).status_code in (403, 405)
        assert client.head(address).status_code == 200


def test_one_incident_knows_no_keys(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}{incident.pk}/?fields=name")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "fields")


def test_names_from_outside_come_as_they_are(ana: User, sign_in: Callable[[User], Client]) -> None:
    opened(alert(title="<script>‮ Ünïcode 🔥", entities=(device("ws"),)))
    assert "🔥" in listed(sign_in(ana))["incidents"][0]["name"]
