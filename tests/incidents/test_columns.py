"""The queue's columns: chosen, ordered, remembered, carried in the link; hostile text stays text in each of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.list_settings import kept_list
from accounts.models import User
from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.models import Incident, Tag
from incidents.queries.columns import COLUMNS, USUAL
from tests.conftest import NOON
from tests.incidents.rows import row, stored, tag

QUEUE = "/incidents/"
HOSTILE = "<script>alert(1)</script>\"'&{{ x }}"


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def headings(client: Client, query: str = "") -> list[str]:
    return [column["key"] for column in client.get(f"{QUEUE}?{query}").context["columns"]]


def choose(client: Client, columns: list[str], query: str = "", **fields: str) -> str:
    """Where saving the chooser leads to."""
    order = [*columns, *(key for key in COLUMNS if key not in columns)]
    answer = client.post(
        f"{reverse('incidents:columns')}?{query}", {"order": order, "column": columns, "act": "save", **fields}
    )
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def test_an_address_without_columns_shows_the_usual_ones(client: Client) -> None:
    assert headings(client) == list(USUAL)


def test_an_address_names_its_columns_in_their_order(client: Client) -> None:
    stored([row(name="Beacon")])
    assert headings(client, "columns=number,name,created") == ["number", "name", "created"]


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ("name,sverity", "did you mean “severity”"),
        ("name,name", "stands there twice"),
        ("severity,status", "Show at least"),
        ("", "Show at least"),
        ("name,<b>", "“<b>” is no column"),
    ],
)
def test_columns_that_mean_nothing_are_refused(client: Client, columns: str, hint: str) -> None:
    answer = client.get(QUEUE, {"columns": columns})
    assert answer.status_code == 400
    assert hint in unescape(answer.content.decode())


def test_chosen_columns_are_remembered_and_stand_in_the_address(client: Client, ana: User) -> None:
    address = choose(client, ["name", "tags", "severity"], "status=active")
    assert parse_qs(urlsplit(address).query) == {"status": ["active"], "columns": ["name,tags,severity"]}
    assert headings(client) == ["name", "tags", "severity"]
    assert kept_list(ana, "incidents").columns == ["name", "tags", "severity"]


def test_the_link_wins_over_memory(client: Client) -> None:
    choose(client, ["name", "tags"])
    assert headings(client, "columns=name,number") == ["name", "number"]


def test_the_link_to_copy_carries_the_columns(client: Client) -> None:
    choose(client, ["name", "tags"])
    assert "columns=name,tags" in client.get(QUEUE).content.decode()


def test_reset_goes_back_to_the_usual_ones(client: Client, ana: User) -> None:
    choose(client, ["name", "tags"])
    answer = client.post(f"{reverse('incidents:columns')}?columns=name,tags&status=active", {"act": "reset"})
    assert answer["Location"] == "/incidents/?status=active"
    assert headings(client) == list(USUAL)
    assert kept_list(ana, "incidents").columns == []


def test_others_keep_their_own(client: Client, lee: User, sign_in: Callable[[User], Client]) -> None:
    choose(client, ["name", "tags"])
    assert headings(sign_in(lee)) == list(USUAL)


def test_without_script_up_and_down_answer_with_the_form_anew(client: Client) -> None:
    order = list(COLUMNS)
    answer = client.post(
        reverse("incidents:columns"), {"order": order, "column": ["name", "status"], "act": f"up:{order[2]}"}
    )
    assert answer.status_code == 200
    shown = re.findall(r'name="order" value="(\w+)"', answer.content.decode())
    assert shown[:3] == [order[0], order[2], order[1]]
    assert headings(client) == list(USUAL)


def test_none_that_opens_the_row_is_refused_with_the_form(client: Client) -> None:
    answer = client.post(reverse("incidents:columns"), {"order": list(COLUMNS), "column": ["status"], "act": "save"})
    assert answer.status_code == 422
    assert "Show at least “Incident” or “Number”" in unescape(answer.content.decode())


def test_density_is_chosen_with_the_columns(client: Client, ana: User) -> None:
    choose(client, ["name", "status"], density="compact")
    ana.refresh_from_db()
    assert ana.density == "compact"
    assert 'data-density="compact"' in client.get(QUEUE).content.decode()


def test_an_address_elsewhere_is_not_where_it_returns_to(client: Client) -> None:
    assert choose(client, list(USUAL), "next=https://evil.example/").startswith("/incidents/?next=")


def hostile() -> Incident:
    (one,) = stored(
        [
            row(
                name=HOSTILE,
                service_sources=[HOSTILE[:90]],
                categories=[HOSTILE[:50]],
                facets=[f"technique:{HOSTILE}", f"detection_source:{HOSTILE}"],
                resolved_by=HOSTILE,
                resolved_at=NOON,
                severity=Severity.HIGH,
                restricted=False,
                asset_counts={"device": 2},
            )
        ]
    )
    tag(one, HOSTILE[:90])
    return one


@pytest.mark.parametrize("key", COLUMNS)
def test_hostile_text_stays_text_in_every_column(client: Client, key: str) -> None:
    hostile()
    page = client.get(QUEUE, {"columns": f"{key},name" if key != "name" else "name"}).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_every_column_gives_its_plain_value(client: Client, ana: User) -> None:
    one = hostile()
    Incident.objects.filter(pk=one.pk).update(assignee_user=ana)
    from incidents.queries.columns import reading

    fields, annotations = reading(COLUMNS.values())
    (values,) = Incident.objects.filter(pk=one.pk).values(*fields, **annotations)
    plain = {key: column.value(values) for key, column in COLUMNS.items()}
    assert plain["name"] == HOSTILE
    assert plain["severity"] == "high"
    assert plain["status"] == "active"
    assert plain["assignee"] == "Ana Ruiz"
    assert plain["alerts"] == "1 of 1"
    assert plain["tags"] == [HOSTILE[:90]]
    assert plain["created"] == one.created_at
    assert plain["assets"] == ["Device: 2"]


@pytest.mark.parametrize("query", ["", f"columns={','.join(COLUMNS)}"])
def test_statements_are_few_whatever_the_columns(client: Client, query: str) -> None:
    for each in stored(row(number) for number in range(60)):
        tag(each, "wave")
    client.get(f"{QUEUE}?{query}")
    with CaptureQueriesContext(connection) as captured:
        client.get(f"{QUEUE}?{query}")
    assert len(captured) <= 6, [each["sql"][:90] for each in captured.captured_queries]


def test_a_part_that_was_closed_stays_closed(client: Client, ana: User) -> None:
    address = reverse("close_part", args=["incidents"])
    assert client.post(address, {"part": "strip", "open": "0"}).status_code == 204
    assert kept_list(ana, "incidents").closed == ["strip"]
    assert 'data-remember="strip" data-was="closed">' in client.get(QUEUE).content.decode()
    assert client.post(address, {"part": "strip", "open": "1"}).status_code == 204
    assert kept_list(ana, "incidents").closed == []
    assert client.post(address, {"part": "x" * 500}).status_code == 400
    assert client.post(reverse("close_part", args=["nothing"]), {"part": "strip"}).status_code == 400


def test_the_exact_figure_comes_on_demand(client: Client) -> None:
    stored(row(number) for number in range(1_010))
    page = unescape(client.get(QUEUE).content.decode())
    assert "1,000+" in page and "count exactly" in page
    assert client.get(reverse("incidents:exact_count"), headers={"HX-Request": "true"}).content == b"1,010"
    assert "1,010" in client.get(reverse("incidents:exact_count")).content.decode()
    assert client.get(f"{reverse('incidents:exact_count')}?severity=high").content.decode().count("<!doctype") == 1
    assert client.get(f"{reverse('incidents:exact_count')}?severty=high").status_code == 400


def test_a_resolved_tag_less_row_shows_nothing_where_there_is_nothing(client: Client) -> None:
    stored([row(status=IncidentStatus.RESOLVED)])
    assert Tag.objects.count() == 0
    page = client.get(QUEUE, {"columns": "name,tags,assets,techniques,resolved_by", "status": "resolved"})
    assert page.status_code == 200
    assert "None" not in unescape(page.content.decode()).split("<tbody>")[1].split("</tbody>")[0]
