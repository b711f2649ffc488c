"""One incident as tables and as a JSON document: all of it, what the reader may see alone, harmless in a spreadsheet,
and recorded before the first byte leaves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import Verdict
from alerts.models import Alert
from exports import incident_tables
from exports.tables import BYTE_ORDER_MARK
from incidents.commands import (
    add_comment,
    add_task,
    assign,
    edit_comment,
    judge_evidence,
    merge,
    remove_comment,
    restrict,
)
from incidents.models import Incident
from tests.conftest import alert, device, opened
from tests.ingest.hostile import KEPT_TEXTS

PARTS = ("alerts.csv", "evidence.csv", "log.csv")


def taken(client: Client, address: str) -> str:
    answer: Any = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return answer.getvalue().decode()


def table(client: Client, incident: Incident, part: str) -> list[dict[str, str]]:
    text = taken(client, f"/exports/incidents/{incident.pk}/{part}.csv")
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline="")))


def document(client: Client, incident: Incident) -> dict[str, Any]:
    return json.loads(taken(client, f"/exports/incidents/{incident.pk}.json"))


@pytest.fixture
def worked(incident: Incident, ana: User, lee: User) -> Incident:
    """Assigned, judged, with a task and comments of which one was edited and one removed."""
    assign(incident, ana, actor=lee.as_actor())
    add_task(incident, "Isolate the host", actor=lee.as_actor())
    entity = incident.alerts.order_by("pk")[0].evidence.get().entity_id
    judge_evidence(incident, [entity], Judgement(Verdict.MALICIOUS), actor=ana.as_actor())
    first = add_comment(incident, "First words", actor=ana.as_actor())
    edit_comment(incident, first, "Better words", actor=ana.as_actor())
    second = add_comment(incident, "Wrong words", actor=ana.as_actor())
    remove_comment(incident, second, actor=ana.as_actor())
    return incident


def test_the_tables_hold_every_alert_every_piece_of_evidence_and_the_log(
    worked: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(vic)
    alerts = table(client, worked, "alerts")
    assert [row["external_id"] for row in alerts] == ["1", "2"]
    assert alerts[0] | {"severity": "medium", "assignee": "ana", "first_activity": "2026-11-02T12:00:00Z"} == alerts[0]
    evidence = table(client, worked, "evidence")
    assert [(row["kind"], row["verdict"], row["verdict_by_hand"]) for row in evidence] == [
        ("device", "malicious", "True")
    ] * 2
    assert [row["alert"] for row in evidence] == [row["id"] for row in alerts]
    log = table(client, worked, "log")
    assert log[0]["verb"] == "incident.opened"
    assert [row["number"] for row in log] == sorted((row["number"] for row in log), key=int)
    comments = [row for row in log if row["kind"] == "comments"]
    assert [(row["text"], row["text_note"]) for row in comments] == [
        ("Better words", "edited by Ana Ruiz"),
        ("", "removed by Ana Ruiz"),
        ("", ""),
    ]
    assert "Wrong words" not in taken(client, f"/exports/incidents/{worked.pk}/log.csv")
    assert "assignee: nothing → Ana Ruiz" in [row["changes"] for row in log]


def test_the_document_holds_the_same_and_tasks_and_files(
    worked: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(vic)
    told = document(client, worked)
    assert list(told) == ["incident", "tasks", "attachments", "alerts", "evidence", "log"]
    assert told["incident"]["number"] == worked.pk
    assert [task["title"] for task in told["tasks"]] == ["Isolate the host"]
    for part in ("alerts", "evidence", "log"):
        assert len(told[part]) == len(table(client, worked, part))
    assert told["alerts"][0]["categories"] == ["execution"]
    assert told["evidence"][0]["time"] == "2026-11-02T12:00:00Z"
    assert told["log"][0]["time"].endswith("Z")


def test_the_log_of_merged_incidents_goes_along(
    incident: Incident, lee: User, vic: User, sign_in: Callable[[User], Client]
) -> None:
    other = opened(alert("other", title="Password spray", entities=(device("dc-01"),)))
    add_comment(other, "Said elsewhere", actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason="One attack.")
    log = document(sign_in(vic), incident)["log"]
    assert {entry["incident"] for entry in log} == {incident.pk, other.pk}
    assert "Said elsewhere" in [entry["text"] for entry in log]


def test_programs_take_the_same_files(worked: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    _, key = create_token("script", actor=SYSTEM, role="reader")
    script, client = Client(headers={"Authorization": f"Bearer {key}"}), sign_in(vic)
    for part in PARTS:
        mine = taken(script, f"/api/v1/incidents/{worked.pk}/export/{part}")
        assert mine == taken(client, f"/exports/incidents/{worked.pk}/{part}")
    ours = taken(script, f"/api/v1/incidents/{worked.pk}/export/incident.json")
    assert ours == taken(client, f"/exports/incidents/{worked.pk}.json")


@pytest.mark.parametrize("part", [*PARTS, ".json"])
def test_it_is_recorded_before_the_first_byte_leaves(
    part: str, incident: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    separator = "" if part.startswith(".") else "/"
    address = f"/exports/incidents/{incident.pk}{separator}{part}"
    client = sign_in(vic)
    client.head(address)
    assert not Entry.objects.filter(verb="data.exported").exists()
    answer = client.get(address)
    entry = Entry.objects.of_system().get(verb="data.exported")
    assert (entry.actor_label, entry.facts["incident"]) == ("Vic Moreau", incident.pk)
    assert f"#{incident.pk}" in entry.facts["what"]
    assert f'filename="incident-{incident.pk}' in answer["Content-Disposition"]


def test_whom_an_incident_is_hidden_from_gets_none_of_it(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    for part in PARTS:
        assert sign_in(ana).get(f"/exports/incidents/{incident.pk}/{part}").status_code == 404
    assert sign_in(ana).get(f"/exports/incidents/{incident.pk}.json").status_code == 404
    assert not Entry.objects.filter(verb="data.exported").exists()
    sign_in(lee).get(f"/exports/incidents/{incident.pk}.json")
    verbs = Entry.objects.of_system().filter(actor_label="Lee Park").values_list("verb", flat=True)
    assert {"restricted.seen", "data.exported"} <= set(verbs)


def test_who_loses_sight_while_it_is_sent_gets_no_more(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    answers: list[Any] = [sign_in(ana).get(f"/exports/incidents/{incident.pk}/{part}") for part in PARTS]
    restrict(incident, [lee], actor=lee.as_actor())
    for answer in answers:
        assert len(answer.getvalue().decode().splitlines()) == 1


def test_hostile_texts_come_back_as_they_were_and_start_no_formula(
    db: None, vic: User, sign_in: Callable[[User], Client]
) -> None:
    texts = {f"{number:04}": hostile.text[:300] for number, hostile in enumerate(KEPT_TEXTS)}
    incident = opened(
        *(alert(name, title=text, description=text, entities=(device("fin-ws-17"),)) for name, text in texts.items())
    )
    client = sign_in(vic)
    told = {each["external_id"]: each["description"] for each in document(client, incident)["alerts"]}
    assert told == texts
    for row in table(client, incident, "alerts"):
        assert row["description"].removeprefix("'") == texts[row["external_id"]].removeprefix("'")
        assert not row["description"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_long_table_is_read_in_batches_and_takes_a_bounded_number_of_statements(
    incident: Incident, vic: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_tables, "ROWS_AT_A_TIME", 10)
    row = Alert.objects.filter(incident=incident)[0]
    Alert.objects.bulk_create(
        [
            Alert(
                incident=incident,
                source="edr",
                external_id=f"more-{number}",
                title="More",
                severity=2,
                first_activity=row.first_activity,
                last_activity=row.last_activity,
                payload_sha256="0" * 64,
                link_rule="opened",
                link_reason="",
            )
            for number in range(95)
        ]
    )
    with CaptureQueriesContext(connection) as statements:
        text = "".join(incident_tables.alerts_table(incident, vic).csv())
    assert text.count("\n") == 98
    assert len(statements) <= 1 + 10 + 2
