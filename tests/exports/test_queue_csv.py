"""The queue as a table: the page's rows, harmless in a spreadsheet, and recorded."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from exports.queries import HEADER
from exports.tables import BYTE_ORDER_MARK, csv_lines, safe_cell
from incidents.commands import assign, change_tags, rename, resolve, restrict
from incidents.models import Incident
from incidents.queries.queue import ORDERS
from tests.conftest import NOON, alert, device, opened
from tests.ingest.hostile import KEPT_TEXTS, HostileText

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


def test_it_holds_what_the_queue_knows_of_an_incident(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    assign(incident, ana, actor=ana.as_actor())
    change_tags(incident, add=["wave", "finance"], actor=ana.as_actor())
    [row] = exported(sign_in(ana))
    incident.refresh_from_db()
    assert list(row) == list(HEADER)
    assert row == {
        "number": str(incident.pk),
        "name": incident.name,
        "severity": "high",
        "status": "active",
        "assignee": "Ana Ruiz",
        "tags": "finance; wave",
        "classification": "not_set",
        "determination": "not_set",
        "alerts active": "2",
        "alerts total": "2",
        "service sources": "Endpoint sensor",
        "categories": "execution; impact",
        "first activity (UTC)": "2026-11-02T12:00:00Z",
        "last activity (UTC)": "2026-11-02T13:00:00Z",
        "created (UTC)": f"{incident.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "resolution note": "",
    }


def test_times_stand_in_utc_whatever_zone_the_person_lives_in(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    ana.time_zone = "Asia/Tokyo"
    ana.save()
    [row] = exported(sign_in(ana))
    assert row["first activity (UTC)"] == "2026-11-02T12:00:00Z"


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
        "source=nobody",
        *(f"status=any&severity=any&sort={order}" for order in ORDERS),
    ],
)
def test_it_holds_the_rows_of_the_page_in_the_pages_order(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str
) -> None:
    client = sign_in(ana)
    on_page = numbers(client.get(f"{reverse('incidents:queue')}?{query}").context["rows"])
    assert numbers(exported(client, query)) == on_page


def test_it_is_not_cut_where_the_page_is(ana: User, sign_in: Callable[[User], Client]) -> None:
    opened(*(alert(str(number)) for number in range(60)))
    client = sign_in(ana)
    assert len(client.get(reverse("incidents:queue")).context["rows"]) == 50
    assert len(exported(client)) == 60


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


@pytest.mark.parametrize("hostile", KEPT_TEXTS, ids=lambda text: text.name)
def test_a_hostile_text_is_one_cell_that_runs_nothing(hostile: HostileText) -> None:
    document = "".join(csv_lines(["a", "b"], [[hostile.text, "end"]])).removeprefix(BYTE_ORDER_MARK)
    [_, row] = list(csv.reader(io.StringIO(document, newline="")))
    assert row[1:] == ["end"]
    assert row[0].removeprefix("'") == hostile.text.removeprefix("'")
    assert not row[0].startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


def test_a_formula_in_a_name_or_tag_or_note_is_exported_as_text(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    rename(incident, "=HYPERLINK(1)", actor=ana.as_actor())
    change_tags(incident, add=["@SUM(1)"], actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="-2+3")
    [row] = exported(sign_in(ana), "status=any")
    assert (row["name"], row["tags"], row["resolution note"]) == ("'=HYPERLINK(1)", "'@SUM(1)", "'-2+3")


# ---------------------------------------------------------------------------------------------------- who, and refused


def test_who_took_what_out_stands_in_the_systems_log(
    queue: list[Incident], vic: User, sign_in: Callable[[User], Client]
) -> None:
    exported(sign_in(vic), "severity=high")
    entry = Entry.objects.of_system().get(verb="queue.exported")
    assert (entry.actor_label, entry.channel) == ("Vic Moreau", "page")
    assert entry.facts == {"address": f"{ADDRESS}?severity=high", "incidents": 1}


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
        ("last_activity=yesterday", "no range of time"),
        ("assignee=nobody", "nobody"),
        ("tag=waev", "waev"),
    ],
)
def test_what_means_nothing_is_400_and_not_recorded(
    queue: list[Incident], ana: User, sign_in: Callable[[User], Client], query: str, said: str
) -> None:
    answer = sign_in(ana).get(f"{ADDRESS}?{query}")
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Entry.objects.filter(verb="queue.exported").exists()


def test_it_only_reads(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(ana).post(ADDRESS).status_code == 405
