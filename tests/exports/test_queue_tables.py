"""The queue as a table: the page's rows and columns, all of them, harmless in a spreadsheet, and recorded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse, QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from exports.queries import queue_table as queries
from exports.tables import BYTE_ORDER_MARK, csv_text, json_text, safe_cell
from incidents.commands import assign, change_tags, rename, resolve, restrict
from incidents.models import Incident
from incidents.queries.columns import COLUMNS
from incidents.queries.queue import ORDERS
from tests.conftest import NOON, alert, device, opened
from tests.hostile import corpus
from tests.hostile.corpus import HostileText
from tests.hostile.formulas import starts_formula
from tests.incidents.rows import row, stored

ADDRESS = "/exports/incidents.csv"


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    """The rows of an export, by column."""
    answer: Any = client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.getvalue().decode()
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def numbers(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["number"]) for row in rows]


@pytest.fixture
def queue(db: None, ana: User, lee: User) -> list[Incident]:
    """Incidents of several severities and states."""
    incidents = [
        opened(
            alert(
                str(number),
                title=f"Finding {number}",
                severity=severity,
                at=NOON + timedelta(hours=number),
                entities=(device(f"ws-{number}"),),
            )
        )
        for number, severity in enumerate([Severity.LOW, Severity.HIGH, Severity.MEDIUM, Severity.INFORMATIONAL])
    ]
    assign(incidents[0], ana, actor=lee.as_actor())
    change_tags(incidents[1], add=["wave"], actor=lee.as_actor())
    resolve(incidents[2], actor=lee.as_actor(), note="Reimaged.")
    return incidents


# -------------------------------------------------------------------------------------------------------- what it holds


ALL = "columns=all"


def test_it_holds_what_the_queue_knows_of_an_incident(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    assign(incident, ana, actor=ana.as_actor())
    change_tags(incident, add=["wave", "finance"], actor=ana.as_actor())
    [row] = exported(sign_in(ana), ALL)
    incident.refresh_from_db()
    known = {
        "number": str(incident.pk),
        "name": incident.name,
        "severity": "high",
        "status": "active",
        "assignee": "Ana Ruiz",
        "tags": "finance; wave",
        "classification": "",
        "determination": "",
        "alerts_active": "2",
        "alerts_total": "2",
        "source": "Endpoint sensor",
        "categories": "Execution; Impact",
        "first_activity": "2026-11-02T12:00:00Z",
        "last_activity": "2026-11-02T13:00:00Z",
        "created": f"{incident.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "resolution_note": "",
        "restricted": "no",
        "version": str(incident.version),
    }
    assert row | known == row
    assert set(COLUMNS) - {"alerts"} <= set(row)


def test_it_has_the_columns_of_the_address_in_their_order(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    [row] = exported(sign_in(ana), "columns=status,name,number,alerts")
    assert list(row) == ["status", "name", "number", "alerts_active", "alerts_total"]


def test_the_number_leads_where_it_is_not_among_them(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    [row] = exported(sign_in(ana), "columns=name,status")
    assert list(row) == ["number", "name", "status"]


def test_the_menu_of_the_page_leads_to_the_columns_shown(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    page = client.get(f"{reverse('incidents:queue')}?columns=name,tags&severity=high")
    urls = [item["url"] for item in page.context["exports"]]
    assert [url.partition("?")[0].rpartition(".")[2] for url in urls] == ["csv", "json", "csv", "json"]
    assert list(exported(client, urls[0].partition("?")[2])[0]) == ["number", "name", "tags"]
    assert client.get(urls[3]).status_code == 200


def test_times_stand_in_utc_whatever_zone_the_person_lives_in(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    ana.time_zone = "Asia/Tokyo"
    ana.save()
    [row] = exported(sign_in(ana), ALL)
    assert row["first_activity"] == "2026-11-02T12:00:00Z"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "status=any&severity=any",
        "status=resolved",
        "severity=high&severity=low",
        "severity=informational",
        "assignee=me",
        "assignee=unassigned",
        "tag=wave",
        "q=finding",
        "q=ws-1",
        "last_activity=2026-11-02T13:00..2026-11-03",
        "source=Endpoint+sensor",
        *(f"status=any&severity=any&sort={order}" for order in ORDERS),
    ],
)
def test_it_holds_the_rows_of_the_page_in_the_pages_order(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str
) -> None:
    client = sign_in(ana)
    on_page = [row.number for row in client.get(f"{reverse('incidents:queue')}?{query}").context["rows"]]
    assert numbers(exported(client, query)) == on_page


def test_it_is_not_cut_where_the_page_is(ana: User, sign_in: Callable[[User], Client]) -> None:
    opened(*(alert(str(number)) for number in range(60)))
    client = sign_in(ana)
    assert len(client.get(reverse("incidents:queue")).context["rows"]) == 50
    assert len(exported(client)) == 60


def test_ticked_rows_alone_are_taken_out_whatever_their_state(
    queue: list[Incident], ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ana)
    ticked = [queue[2].pk, queue[3].pk]  # resolved; informational
    assert sorted(numbers(exported(client, f"incident={ticked[0]},{ticked[1]}&sort=number"))) == ticked
    assert numbers(exported(client, f"incident={ticked[1]}&incident={ticked[0]}&sort=number")) == ticked
    assert numbers(exported(client, f"incident={ticked[0]},999999")) == ticked[:1]
    restrict(queue[2], [lee], actor=lee.as_actor())
    assert numbers(exported(client, f"incident={ticked[0]},{ticked[1]}")) == ticked[1:]


@pytest.mark.parametrize("format", ["json", "ndjson"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
def test_as_json_it_holds_the_same(
    ana: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch, format: str, size: int
) -> None:
    monkeypatch.setattr(queries, "ROWS_AT_A_TIME", 2)
    for number in range(size):
        opened(alert(str(number), title=f"“{number}”\u2028=1+1 🔥", entities=(device(f"ws-{number}"),)))
    client = sign_in(ana)
    answer: Any = client.get(f"/exports/incidents.{format}?{ALL}&sort=number")
    text = answer.getvalue().decode()
    found = json.loads(text) if format == "json" else [json.loads(line) for line in text.split("\n") if line]
    assert [line["number"] for line in found] == numbers(exported(client, "sort=number"))
    assert answer["X-Incidents"] == str(size)
    for line in found:
        assert line["alerts_total"] == 1
        assert line["tags"] == []
        assert line["name"].startswith("“")
        assert line["last_activity"] == "2026-11-02T12:00:00Z"
        assert line["resolved"] is None


def test_a_json_that_was_cut_off_cannot_be_taken_for_whole(queue: list[Incident], ana: User) -> None:
    export = queries.export_of(QueryDict("status=any&severity=any"), ana)
    pieces = list(json_text(export.header, export.rows()))
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(pieces[:-1]))
    assert len(json.loads("".join(pieces))) == len(queue)


def test_what_changes_while_it_is_written_neither_doubles_nor_loses_a_row(
    ana: User, lee: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "ROWS_AT_A_TIME", 2)
    incidents = [opened(alert(str(number), entities=(device(f"ws-{number}"),))) for number in range(6)]
    export = queries.export_of(QueryDict("sort=number&columns=name,status"), ana)
    batches = export.rows()
    rows = next(batches)
    Incident.objects.update(last_activity=NOON + timedelta(days=3))
    resolve(incidents[3], actor=lee.as_actor(), note="Done.")
    restrict(incidents[5], [lee], actor=lee.as_actor())
    opened(alert("later", entities=(device("late"),)))
    rows = [*rows, *(row for batch in batches for row in batch)]
    assert [row[0] for row in rows] == [each.pk for each in incidents[:5]]
    assert rows[3][2] == "resolved"


def test_it_has_no_cap_and_takes_few_statements(
    ana: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored([row(number) for number in range(12_003)])
    with CaptureQueriesContext(connection) as statements:
        found = exported(sign_in(ana), "columns=name")
    assert len({line["number"] for line in found}) == len(found) == 12_003
    assert len([each for each in statements if "incidents_incident" in each["sql"]]) <= 20


def test_a_restricted_incident_is_there_for_its_members_only(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    assert exported(sign_in(ana)) == []
    assert numbers(exported(sign_in(lee))) == [incident.pk]


# ----------------------------------------------------------------------------------------------------------- harmless

FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(1)")


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell([text, "b"]) == f"'{text}; b"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain", "plain"),
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (7, "7"),
        ([], ""),
        (["a", "b"], "a; b"),
        (datetime(2026, 11, 2, 12, tzinfo=timezone(timedelta(hours=9))), "2026-11-02T03:00:00Z"),
    ],
)
def test_other_values_stay_as_they_are(value: Any, cell: str) -> None:
    assert safe_cell(value) == cell


@pytest.mark.parametrize("hostile", corpus.KEPT, ids=lambda text: text.name)
def test_a_hostile_text_is_one_cell_that_runs_nothing(hostile: HostileText) -> None:
    document = "".join(csv_text(["a", "b"], [[[hostile.text, "end"]]])).removeprefix(BYTE_ORDER_MARK)
    [_, row] = list(csv.reader(io.StringIO(document, newline="")))
    assert row[1:] == ["end"]
    assert row[0].removeprefix("'") == hostile.text.removeprefix("'")
    assert not starts_formula(row[0])


def test_a_formula_in_a_name_or_tag_or_note_is_exported_as_text(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    rename(incident, "=HYPERLINK(1)", actor=ana.as_actor())
    change_tags(incident, add=["@SUM(1)"], actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="-2+3")
    [row] = exported(sign_in(ana), f"{ALL}&status=any")
    assert (row["name"], row["tags"], row["resolution_note"]) == ("'=HYPERLINK(1)", "'@SUM(1)", "'-2+3")


# ---------------------------------------------------------------------------------------------------- who, and refused


def test_who_took_what_out_stands_in_the_systems_log(
    queue: list[Incident], vic: User, sign_in: Callable[[User], Client]
) -> None:
    exported(sign_in(vic), "severity=high&columns=name")
    entry = Entry.objects.of_system().get(verb="queue.exported")
    assert (entry.actor_label, entry.channel) == ("Vic Moreau", "page")
    assert entry.facts == {
        "address": f"{ADDRESS}?severity=high&columns=name",
        "incidents": 1,
        "format": "csv",
        "columns": ["number", "name"],
        "remote_address": "127.0.0.1",
    }


def test_a_reader_may_export(queue: list[Incident], vic: User, sign_in: Callable[[User], Client]) -> None:
    assert len(exported(sign_in(vic), "status=any&severity=any")) == len(queue)


def test_an_outsider_gets_403_and_nothing_is_recorded(
    queue: list[Incident], otto: User, sign_in: Callable[[User], Client]
) -> None:
    assert sign_in(otto).get(ADDRESS).status_code == 403
    assert not Entry.objects.filter(verb="queue.exported").exists()


def test_somebody_who_has_not_signed_in_is_sent_to_do_so(db: None) -> None:
    answer: HttpResponse = Client().get(ADDRESS)
    assert (answer.status_code, answer["Location"]) == (302, f"/sign-in/?next={ADDRESS}")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("severty=high", "severity"),
        ("severity=hihg", "high"),
        ("status=open", "status"),
        ("sort=-severty", "-severity"),
        ("last_activity=someday", "write 24h"),
        ("assignee=nobody", "nobody"),
        ("tag=waev", "waev"),
        ("columns=nmae", "name"),
        ("columns=status", "name"),
        ("incident=x", "no number"),
        ("incident=" + "9" * 30, "no number"),
        ("incident=1&severty=high", "severity"),
    ],
)
def test_what_means_nothing_is_400_and_not_recorded(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str, said: str
) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Entry.objects.filter(verb="queue.exported").exists()


def test_asked_for_its_head_it_says_how_many_and_takes_nothing_out(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    answer = sign_in(ana).head(ADDRESS)
    assert (answer.status_code, answer["X-Incidents"], answer.content) == (200, "1", b"")
    assert not Entry.objects.filter(verb="queue.exported").exists()


def test_it_only_reads(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(ana).post(ADDRESS).status_code == 405
