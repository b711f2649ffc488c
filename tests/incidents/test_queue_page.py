"""The queue over HTTP: what it shows, refuses, and asks of the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.commands import rename
from incidents.models import Incident
from incidents.queries.columns import USUAL
from incidents.search import add_words
from tests.conftest import NOON, alert, device, opened, owner_connection
from tests.incidents.rows import news, row, stored, tag

QUEUE = "/incidents/"
MOST_STATEMENTS = 6


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def shown(client: Client, query: str = "", **headers: str) -> str:
    answer = client.get(f"{QUEUE}?{query}" if query else QUEUE, headers=headers)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_default_is_open_and_above_informational(client: Client) -> None:
    stored(
        [
            row(name="Active one"),
            row(name="Started one", status=IncidentStatus.IN_PROGRESS),
            row(name="Done one", status=IncidentStatus.RESOLVED),
            row(name="Quiet one", severity=Severity.INFORMATIONAL),
        ]
    )
    page = shown(client)
    assert [name in page for name in ("Active one", "Started one", "Done one", "Quiet one")] == [
        True,
        True,
        False,
        False,
    ]


def test_what_is_hidden_is_said_with_links_that_show_it(client: Client) -> None:
    stored([row(), *(row(status=IncidentStatus.RESOLVED) for _ in range(3)), row(severity=Severity.INFORMATIONAL)])
    page = shown(client)
    assert "3 resolved" in page
    assert "1 informational" in page
    assert "merged" not in page.split("Hidden:")[1].split("</span>")[0]
    assert 'href="/incidents/?status=resolved&severity=any&snoozed=any"' in page
    assert shown(client, "status=resolved&severity=any").count("data-row ") == 3


def test_the_link_to_copy_writes_the_defaults_out(client: Client) -> None:
    page = shown(client, "sort=-severity")
    wanted = (
        "/incidents/?sort=-severity&status=active&status=in_progress"
        "&severity=low&severity=medium&severity=high&snoozed=no"
    )
    wanted += f"&columns={','.join(USUAL)}"
    assert f'data-copy-link="{wanted}"' in page
    stored([row(name="In the link", severity=Severity.HIGH)])
    assert "In the link" in shown(client, wanted.partition("?")[2])


def test_rows_show_number_name_tags_and_counts(client: Client) -> None:
    (one,) = stored([row(name="Beacon", alerts_active=2, alerts_total=5, asset_counts={"device": 3})])
    tag(one, "Wave 2")
    page = shown(client)
    for text in (f"#{one.pk}", f'href="/incidents/{one.pk}/"', "Beacon", "Wave 2", "/ 5"):
        assert text in page


def test_an_empty_queue_says_so(client: Client) -> None:
    assert "Nothing is open" in shown(client)
    assert "No incident matches these filters" in shown(client, "severity=high")


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("severty=high", "did you mean “severity”"),
        ("status=actve", "did you mean “active”"),
        ("assignee=nobody-here", "is unknown"),
        ("last_activity=week", "write 24h, 7d"),
        ("_connector=OR", "There is no filter “_connector”"),
        ("status__in=1", "There is no filter “status__in”"),
    ],
)
def test_what_means_nothing_is_a_400_with_the_way_out(client: Client, query: str, hint: str) -> None:
    answer = client.get(f"{QUEUE}?{query}")
    assert answer.status_code == 400
    assert hint in unescape(answer.content.decode())


@pytest.mark.parametrize("word", ["x", "-1", "0", "9" * 30, "٣", ""])
def test_an_open_pane_of_nothing_is_no_pane(client: Client, word: str) -> None:
    assert 'data-open="' not in shown(client, f"open={word}")


def test_the_pane_of_an_address_is_open(client: Client, incident: Incident) -> None:
    assert "Shadow copies" not in shown(client)
    assert f"/incidents/{incident.pk}/manage/" in shown(client, f"open={incident.pk}")


def test_htmx_is_given_the_list_alone(client: Client) -> None:
    stored([row(name="Beacon")])
    part = shown(client, **{"HX-Request": "true"})
    assert "Beacon" in part
    assert "<html" not in part
    answer = client.get(QUEUE)
    assert "HX-Request" in answer["Vary"]


def test_hostile_names_show_as_text(client: Client) -> None:
    stored([row(name="<script>alert(1)</script>", service_sources=["<b>x</b>"])])
    raw = client.get(QUEUE).content.decode()
    assert "<script>alert" not in raw
    assert "<b>x" not in raw
    assert "&lt;script&gt;alert(1)" in raw


def statements(client: Client, query: str = "") -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        shown(client, query)
    return [each["sql"] for each in captured.captured_queries]


@pytest.mark.parametrize(
    "query", ["", "assignee=me&tag=wave", "q=incident&sort=-severity", "last_activity=..2027-01-01"]
)
def test_statements_do_not_grow_with_the_list(client: Client, ana: User, query: str) -> None:
    rows = stored(row(number, assignee_user=ana) for number in range(60))
    for each in rows:
        tag(each, "wave", f"tag {each.pk}")
    add_words({each.pk: [each.name] for each in rows})
    shown(client, query)  # the service sources are kept from now on
    counts = {}
    for size in (5, 50, 60):
        Incident.objects.filter(pk__in=[each.pk for each in rows[:size]]).update(status=1, resolved_at=None)
        Incident.objects.filter(pk__in=[each.pk for each in rows[size:]]).update(status=3, resolved_at=NOON)
        counts[size] = len(statements(client, query))
    assert counts[5] == counts[50] == counts[60]
    assert counts[60] <= MOST_STATEMENTS


def plans(client: Client, query: str) -> list[dict[str, Any]]:
    """The plan of every statement about incidents that a page asks for."""
    found = []
    for sql in statements(client, query):
        if "incidents_incident" in sql and sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
                plan = cursor.fetchone()[0]
            found.append((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
    return found


def full_reads(plan: dict[str, Any], limit: float = float("inf")) -> list[dict[str, Any]]:
    """Where a plan reads all incidents from end to end. What stops at a limit long before, such as a count of 1,001
    among thousands, is none."""
    if plan["Node Type"] == "Limit":
        limit = plan["Plan Rows"]
    found = [read for inner in plan.get("Plans", ()) for read in full_reads(inner, limit)]
    is_read = plan["Node Type"] == "Seq Scan" and plan["Relation Name"] == "incidents_incident"
    return [plan, *found] if is_read and not plan["Plan Rows"] >= 4 * limit else found


def indexes(plan: dict[str, Any]) -> set[str]:
    return {plan.get("Index Name", "")}.union(*(indexes(inner) for inner in plan.get("Plans", ())))


@pytest.mark.django_db(transaction=True)
def test_no_page_reads_a_large_table_from_end_to_end(ana: User, sign_in: Callable[[User], Client]) -> None:
    rows = stored(
        row(number, severity=number % 4 + 1, status=3 if number % 10 else 1 + number % 20 // 10,
            assignee_user=ana if number % 50 == 0 else None)
        for number in range(8_000)
    )  # fmt: skip
    tag(rows[0], "wave")
    with owner_connection() as owner:
        owner.execute("ANALYZE")
    client = sign_in(ana)
    for query in ("", "sort=-severity", "assignee=me", "tag=wave", "status=any&severity=any&sort=-updated"):
        assert [read for plan in plans(client, query) for read in full_reads(plan)] == []
    assert any("incident_open_last" in indexes(plan) for plan in plans(client, ""))


def test_the_check_of_plans_finds_a_full_read(db: None) -> None:
    stored(row(number) for number in range(50))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) SELECT count(*) FROM incidents_incident WHERE name <> 'x'")
        plan = cursor.fetchone()[0]
    assert full_reads((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def test_changes_are_none_until_something_happens(client: Client, incident: Incident, ana: User) -> None:
    answer = client.get(reverse("incidents:changes"), {"since": "99999999999"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert int(answer["X-Last-Entry"]) > 0


@pytest.mark.parametrize("since", ["", "x", "1.5", "9" * 5_000])
def test_changes_since_nothing_is_a_400(client: Client, since: str) -> None:
    assert client.get(reverse("incidents:changes"), {"since": since}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_changes_name_what_was_touched_and_what_is_new(lee: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(lee)
    old = opened(alert("1", entities=(device("a"),)))
    # Not the horizon: another process's open transaction in the same server may hold that back before this entry.
    start = Entry.objects.order_by("-transaction").values_list("transaction", flat=True)[0] + 1
    rename(old, "Renamed", actor=lee.as_actor())
    new = opened(alert("2", entities=(device("b"),)))
    answer = news(client, start, {old.pk, new.pk})
    assert (answer["incidents"], answer["new"]) == ([old.pk, new.pk], 1)
    assert client.get(reverse("incidents:changes"), {"since": answer["last_entry"]}).status_code == 204
