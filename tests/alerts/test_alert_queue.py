"""The alert list over HTTP: what it shows, hides, refuses, and asks of the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from alerts.queries import queue as queries
from incidents.changes import AlertChanges
from incidents.commands import manage_alerts, rename
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened, owner_connection
from tests.incidents.rows import row, stored, until_told

LIST = "/alerts/"
MOST_STATEMENTS = 12
"""With session, person, what is remembered, the rail and its counts, as on every page."""


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def shown(client: Client, query: str = "", **headers: str) -> str:
    answer = client.get(f"{LIST}?{query}" if query else LIST, headers=headers)
    assert answer.status_code == 200, answer.content.decode()
    return unescape(answer.content.decode())


def numbers(page: str) -> list[int]:
    return [int(word) for word in re.findall(r'<tr data-row data-id="(\d+)"', page)]


def many(count: int, incident: Incident | None = None, **fields: Any) -> list[Alert]:
    """Alerts straight into the table, many of them alike in every sort field."""
    incident = incident or stored([row()])[0]
    return Alert.objects.bulk_create(
        Alert(
            **{
                "incident": incident,
                "source": "edr",
                "external_id": f"{incident.pk}-{number}",
                "title": f"Alert {number}",
                "severity": number % 3 + 2,
                "first_activity": NOON,
                "last_activity": NOON + timedelta(minutes=number * 7 % 4),
                "received_at": NOON + timedelta(minutes=number % 5),
                "payload_sha256": "0" * 64,
                "link_rule": "new",
                "link_reason": "It was the first.",
                **fields,
            }
        )
        for number in range(count)
    )


def test_a_row_names_its_incident_and_leads_to_its_details(client: Client, incident: Incident) -> None:
    page = shown(client)
    first = incident.alerts.get(external_id="1")
    for text in ("Encoded command", f"#{incident.pk}", incident.name, f'data-pane-url="/alerts/{first.pk}/details/"'):
        assert text in page


def test_what_the_defaults_hide_is_said_with_links_that_show_it(client: Client) -> None:
    opened(alert("a", severity=Severity.INFORMATIONAL, entities=(device("a"),)))
    opened(alert("b", status=AlertStatus.RESOLVED, entities=(device("b"),)))
    page = shown(client)
    assert "No alert is active" in page
    note = page.split("Hidden:")[1].split("</span>")[0]
    links = re.findall(r'href="([^"]+)">([^<]+)<', note)
    assert [text for _, text in links] == ["1 resolved", "1 informational"]
    assert all(len(numbers(shown(client, link.partition("?")[2]))) == 1 for link, _ in links)


def test_the_link_to_copy_writes_the_defaults_out_and_keeps_me(client: Client) -> None:
    page = shown(client, "assignee=me&sort=-severity")
    link = re.search(r'data-copy-link="([^"]+)"', page)
    assert link
    assert link[1].startswith("/alerts/?assignee=me&sort=-severity&status=new&status=in_progress&severity=low")
    assert 'data-copy-link="/alerts/?assignee=ana&sort=-severity' in page
    assert "Copy with my name" not in shown(client, "assignee=ana")


def test_chips_say_what_is_set_and_any_lifts_it(client: Client, incident: Incident) -> None:
    page = shown(client, f"status=any&severity=any&incident={incident.pk}")
    for words in ("Status", "any", "Incident", str(incident.pk)):
        assert words in page


def test_the_details_of_an_address_are_open(client: Client, incident: Incident) -> None:
    first = incident.alerts.get(external_id="1")
    page = shown(client, f"open={first.pk}")
    for words in ("Why it is there", first.link_reason, "Raw source record", incident.name):
        assert words in page
    assert "Why it is there" not in shown(client, "open=999999999")


def test_the_details_tell_the_whole_story(client: Client) -> None:
    opened(
        alert(
            "tale",
            title="Mimikatz",
            description="It read memory.",
            recommended_actions="• Isolate the device\n• Reset the password",
            techniques=("T1003.001",),
            source_url="https://sensor.example/alert/1",
            entities=(device("fin-ws-17"),),
        )
    )
    page = unescape(client.get(f"/alerts/{Alert.objects.get().pk}/").content.decode())
    for words in ("It read memory.", "Isolate the device", "T1003.001", "fin-ws-17", "Device", "tale"):
        assert words in page
    assert 'href="https://sensor.example' not in page


def test_hostile_text_shows_as_text(client: Client) -> None:
    opened(alert("x", title="<script>alert(1)</script>", service_source="<b>x</b>", entities=(device("<i>d"),)))
    number = Alert.objects.get().pk
    for address in (f"{LIST}?open={number}", f"/alerts/{number}/", f"/alerts/{number}/details/"):
        raw = client.get(address, headers={"HX-Request": "true"} if "details" in address else {}).content.decode()
        assert "<script>alert" not in raw
        assert "<b>x" not in raw


@pytest.mark.parametrize(
    ("query", "hint", "better"),
    [
        ("severty=high", "did you mean “severity”", "/alerts/?severity=high"),
        ("status=nwe", "did you mean “new”", "/alerts/?status=new"),
        ("after=x", "damaged or belongs to another order", ""),
    ],
)
def test_what_means_nothing_is_a_400_with_the_way_out(client: Client, query: str, hint: str, better: str) -> None:
    answer = client.get(f"{LIST}?{query}")
    page = unescape(answer.content.decode())
    assert (answer.status_code, hint in page) == (400, True)
    assert better in page


@pytest.mark.parametrize("query", ["", "key=", "key=severty", "key=severity&in=statu%3Dnew", "in=status%3Dnwe&key=q"])
def test_the_form_of_a_filter_that_is_none_is_a_400(client: Client, query: str) -> None:
    for page in ("filter/", "filter/apply/"):
        if (page, query) not in {("filter/", ""), ("filter/", "key=")}:
            assert client.get(f"/alerts/{page}?{query}").status_code == 400


def test_a_filter_is_set_by_its_form(client: Client) -> None:
    page = client.get("/alerts/filter/?in=status%3Dnew").content.decode()
    assert all(label in page for label in ("Filter alerts", "Detection source", "Technique"))
    answer = client.get("/alerts/filter/apply/", {"in": "status=new", "key": "severity", "value": ["high", "low"]})
    assert (answer.status_code, answer["Location"]) == (302, "/alerts/?status=new&severity=low&severity=high")
    answer = client.get("/alerts/filter/apply/", {"in": "status=new", "key": "incident", "value": "x"})
    assert answer.status_code == 422


def test_htmx_is_given_the_list_alone(client: Client, incident: Incident) -> None:
    part = shown(client, **{"HX-Request": "true"})
    assert "Encoded command" in part
    assert "<html" not in part


def test_columns_can_be_chosen_by_the_address(client: Client, incident: Incident) -> None:
    head = shown(client, "columns=title,techniques,external_id").split("<thead>")[1].split("</thead>")[0]
    assert "Techniques" in head
    assert "Classification" not in head
    assert client.get(f"{LIST}?columns=titel").status_code == 400


# ----------------------------------------------------------------------------------------------------------- paging


@pytest.mark.parametrize("name", queries.SORTING.names())
def test_all_pages_together_are_the_sorted_list_forward_and_back(
    client: Client, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(queries, "PAGE_SIZE", 7)
    rows = many(31)
    order = queries.SORTING.order(name)
    for field in reversed(order.fields):
        rows = sorted(rows, key=lambda each: getattr(each, field.lstrip("-")), reverse=field.startswith("-"))

    def follow(page: str, relation: str) -> str:
        link = re.search(rf'rel="{relation}" href="/alerts/\?([^"]+)"', page)
        return link[1] if link else ""

    pages = [shown(client, f"sort={name}")]
    while query := follow(pages[-1], "next"):
        pages.append(shown(client, query))
    assert [number for page in pages for number in numbers(page)] == [each.pk for each in rows]
    back = [pages[-1]]
    while query := follow(back[-1], "prev"):
        back.append(shown(client, query))
    assert [numbers(page) for page in back] == [numbers(page) for page in reversed(pages)]


# --------------------------------------------------------------------------------------------------- what it costs


def statements(client: Client, query: str = "") -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        shown(client, query)
    return [each["sql"] for each in captured.captured_queries]


@pytest.mark.parametrize("query", ["", "q=alert&sort=-severity", "assignee=me", "source=Mail&entity=x&category=impact"])
def test_statements_do_not_grow_with_the_list(client: Client, query: str) -> None:
    counts = {}
    for size in (5, 45):
        many(size, service_source="Mail", categories=["impact"])
        shown(client, query)
        counts[size] = len(statements(client, query))
    assert counts[5] == counts[45]
    about_alerts = [sql for sql in statements(client, query) if "alerts_" in sql]
    assert len(about_alerts) <= 4
    assert counts[45] <= MOST_STATEMENTS


def full_reads(plan: dict[str, Any], limit: float = float("inf")) -> list[str]:
    """Tables that a plan reads from end to end, and large sorts. What stops at a limit long before is none."""
    if plan["Node Type"] == "Limit":
        limit = plan["Plan Rows"]
    found = [read for inner in plan.get("Plans", ()) for read in full_reads(inner, limit)]
    rows, table = plan["Plan Rows"], plan.get("Relation Name", "")
    if plan["Node Type"] == "Seq Scan" and table in ("alerts_alert", "alerts_evidence", "incidents_incident"):
        return [*found, table] if rows < 4 * limit else found
    return [*found, f"sort of {rows}"] if plan["Node Type"] == "Sort" and rows > 2_000 else found


@pytest.mark.django_db(transaction=True)
def test_no_page_reads_a_large_table_from_end_to_end(ana: User, sign_in: Callable[[User], Client]) -> None:
    incidents = stored(row(number, restricted=number % 100 == 0) for number in range(2_000))
    Alert.objects.bulk_create(
        Alert(
            incident=incidents[number % 2_000],
            source="edr",
            external_id=f"id-{number}",
            title=f"Beacon to host {number}" if number % 50 == 7 else f"Sign-in from a rare country {number}",
            severity=number % 4 + 1,
            status=3 if number % 10 else 1 + number % 20 // 10,
            resolved_at=NOON if number % 10 else None,
            assignee_user=ana if number % 200 == 7 else None,
            categories=["exfiltration"] if number % 400 == 7 else ["initial_access"],
            techniques=["T1567"] if number % 400 == 7 else ["T1078"],
            service_source="Mail gateway" if number % 500 == 7 else "Identity sensor",
            detection_source="Sandbox" if number % 500 == 7 else "Rule",
            first_activity=NOON + timedelta(minutes=number),
            last_activity=NOON + timedelta(minutes=number),
            received_at=NOON + timedelta(minutes=number),
            payload_sha256="0" * 64,
            link_rule="new",
            link_reason="It was the first.",
        )
        for number in range(10_000)
    )
    with owner_connection() as owner:
        owner.execute("ANALYZE")
    client, everything = sign_in(ana), "status=any&severity=any"
    slow = {}
    for query in (
        "",
        "sort=-severity",
        "sort=received",
        "assignee=me",
        f"{everything}&sort=-severity",
        f"{everything}&sort=-received",
        f"{everything}&assignee=me",
        f"{everything}&category=exfiltration",
        f"{everything}&technique=T1567",
        f"{everything}&source=Mail%20gateway",
        f"{everything}&detection_source=Sandbox",
        f"{everything}&q=beacon",
        f"{everything}&q=id-777",
        f"{everything}&incident={incidents[3].pk}",
        f"{everything}&restricted=yes",
    ):
        shown(client, query)
        for sql in statements(client, query):
            if "alerts_alert" in sql and sql.startswith("SELECT"):
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                    plan = cursor.fetchone()[0]
                reads = full_reads((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
                if reads:
                    slow[query] = (reads, sql[:400])
    assert slow == {}


# ------------------------------------------------------------------------------------------------------------- live


def test_rows_are_told_as_they_are_now(client: Client, incident: Incident, lee: User) -> None:
    first, second = incident.alerts.order_by("pk").values_list("pk", flat=True)
    manage_alerts([first], AlertChanges(status=AlertStatus.RESOLVED), actor=lee.as_actor())
    answer = client.get("/alerts/rows/", {"rows": f"{first},{second},999999", "list": "/alerts/?status=new"})
    page = answer.content.decode()
    rows = {number: row for row in page.split("</tr>") for number in numbers(row)}
    assert {number: "row-gone" in row for number, row in rows.items()} == {first: True, second: False}
    assert client.get("/alerts/rows/", {"list": "/alerts/?statu=new"}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_changes_name_alerts_and_those_that_arrived(ana: User, lee: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    old = opened(alert("1", entities=(device("a"),)))
    start = client.get("/alerts/changes/", {"since": 2**61})["X-Last-Entry"]
    shown_one = old.alerts.get().pk
    rename(old, "Renamed", actor=lee.as_actor())
    opened(alert("2", entities=(device("b"),)), alert("3", severity=Severity.INFORMATIONAL, entities=(device("c"),)))
    fresh = Alert.objects.get(external_id="2").pk
    until_told()
    told = client.get("/alerts/changes/", {"since": start, "list": "/alerts/", "shown": str(shown_one)}).json()
    assert (told["arrived"], told["gone"], told["all"]) == ([fresh], [], False)
    assert {shown_one, fresh} <= set(told["incidents"])


@pytest.mark.parametrize("query", ["", "since=x", "since=-1", "since=1&list=%2Falerts%2F%3Fstatu%3Dnew"])
def test_changes_of_nothing_are_a_400(client: Client, query: str) -> None:
    assert client.get(f"/alerts/changes/?{query}").status_code == 400
