"""Many incidents at once through the API: what would change, the act, how far it is, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from incidents.commands import restrict, set_severity
from incidents.models import BulkAct, Incident
from incidents.tasks import carry_out
from tests.conftest import alert, opened
from tests.incidents.test_api_changing import ask, fields, script_of

PREVIEW, BULK = "incidents/bulk/preview/", "incidents/bulk/"


@pytest.fixture
def script(db: None) -> Client:
    return script_of()


@pytest.fixture
def three(db: None) -> list[Incident]:
    return [opened(alert(str(number), title=f"Alert {number}", severity=Severity.HIGH)) for number in range(3)]


def numbers(incidents: list[Incident]) -> list[int]:
    return [incident.pk for incident in incidents]


def done(answer: Any) -> dict[str, Any]:
    """What became of an act, once a worker has had it."""
    assert answer.status_code == 202, answer.content
    carry_out(UUID(answer.json()["id"]), seconds=10)
    told: dict[str, Any] = answer.client.get(answer["Location"]).json()
    return told


@pytest.mark.django_db(transaction=True)
def test_a_query_means_what_it_means_in_the_queue(script: Client, three: list[Incident], lee: User) -> None:
    set_severity(three[0], Severity.INFORMATIONAL, actor=SYSTEM)
    restrict(three[1], [lee], actor=lee.as_actor())
    changes = {"severity": "low", "add_tags": ["wave"]}
    seen = ask(script, "POST", PREVIEW, {"target": {"query": "status=active&after=x"}, "changes": changes}).json()
    assert (seen["total"], seen["changed"]) == (1, 1)
    assert seen["fields"] == [{"field": "severity", "changed": 1}, {"field": "tags", "changed": 1}]
    told = done(ask(script, "POST", BULK, {"target": {"query": ""}, "changes": changes, "seen": seen["seen"]}))
    assert (told["state"], told["total"], told["counts"]["changed"]) == ("done", 1, 1)
    assert told["results"] == [{"number": three[2].pk, "name": three[2].name, "outcome": "changed", "reason": ""}]
    assert {incident.severity for incident in Incident.objects.filter(tags__name="wave")} == {Severity.LOW}


def test_named_ones_that_are_not_seen_are_missing(script: Client, three: list[Incident], lee: User) -> None:
    restrict(three[1], [lee], actor=lee.as_actor())
    body = {"target": {"incidents": [*numbers(three), 10**12]}, "changes": {"status": "in_progress"}}
    seen = ask(script, "POST", PREVIEW, body).json()
    assert (seen["total"], seen["changed"], seen["missing"]) == (2, 2, 2)
    assert done(ask(script, "POST", BULK, body))["total"] == 2
    none = ask(script, "POST", BULK, {**body, "target": {"incidents": [three[1].pk]}})
    assert none.status_code == 409


@pytest.mark.django_db(transaction=True)
def test_what_others_change_after_the_preview_is_left(script: Client, three: list[Incident], lee: User) -> None:
    body = {"target": {"incidents": numbers(three)}, "changes": {"severity": "low"}}
    body["seen"] = ask(script, "POST", PREVIEW, body).json()["seen"]
    wrong = ask(script, "POST", BULK, {**body, "seen": "x"})
    assert fields(wrong) == ["seen"]
    set_severity(three[0], Severity.MEDIUM, actor=lee.as_actor())
    told = done(ask(script, "POST", BULK, body))
    assert (told["counts"]["changed"], told["counts"]["conflict"]) == (2, 1)
    conflict = ask(script, "GET", f"acts/{told['id']}/?outcome=conflict").json()["results"]
    assert [(each["number"], each["reason"]) for each in conflict] == [
        (three[0].pk, "Changed meanwhile: severity by Lee Park (Medium)")
    ]


def test_it_is_taken_back_and_cancelled_like_on_the_page(script: Client, three: list[Incident]) -> None:
    body = {"target": {"incidents": numbers(three)}, "changes": {"severity": "low"}}
    answer = ask(script, "POST", BULK, body)
    assert ask(script, "POST", f"acts/{answer.json()['id']}/undo/").status_code == 409
    told = done(answer)
    undo = ask(script, "POST", f"acts/{told['id']}/undo/")
    again = ask(script, "POST", f"acts/{told['id']}/undo/")
    assert undo.json()["id"] == again.json()["id"]
    assert done(undo)["counts"]["changed"] == 3
    assert {incident.severity for incident in Incident.objects.all()} == {Severity.HIGH}
    waiting = ask(script, "POST", BULK, body).json()
    cancelled = ask(script, "POST", f"acts/{waiting['id']}/cancel/").json()
    assert (cancelled["state"], cancelled["done"]) == ("cancelled", 0)
    listed = script.get("/api/v1/acts/").json()["acts"]
    assert [act["id"] for act in listed] == [waiting["id"], undo.json()["id"], told["id"]]
    assert listed[2]["undone_by"] == undo.json()["id"]
    assert script.get(f"/api/v1/acts/{told['id']}/?outcome=refused").json()["results"] == []
    assert fields(script.get(f"/api/v1/acts/{told['id']}/?outcome=refussed&after=x")) == ["outcome", "after"]


def test_acts_are_their_owners_and_done_with_their_rights(
    script: Client, three: list[Incident], lee: User, sign_in: Callable[[User], Client]
) -> None:
    body = {"target": {"incidents": numbers(three)}, "changes": {"severity": "low"}}
    act = ask(script, "POST", BULK, body).json()
    for other in (sign_in(lee), script_of(name="other")):
        assert other.get(f"/api/v1/acts/{act['id']}/").status_code == 404
        assert other.get("/api/v1/acts/").json()["acts"] == []
        assert ask(other, "POST", f"acts/{act['id']}/cancel/").status_code == 404
    AccessToken.objects.filter(name="script").update(revoked_at=timezone.now())
    carry_out(UUID(act["id"]), seconds=10)
    stopped = BulkAct.objects.get(pk=act["id"])
    assert (stopped.state, stopped.problem) == ("failed", "The account that asked for it is gone.")
    assert Entry.objects.filter(batch=act["id"], incident__isnull=False).count() == 0
    own = ask(sign_in(lee), "POST", BULK, body)
    assert done(own)["counts"]["changed"] == 3
    assert Entry.objects.filter(batch=own.json()["id"], incident=three[0]).get().actor_label == "Lee Park"


def test_all_that_is_wrong_is_told(script: Client, three: list[Incident]) -> None:
    wrong = ask(
        script,
        "POST",
        BULK,
        {
            "target": {"query": "statsu=active&severity=hihg"},
            "changes": {"name": "x", "severity": "hihg", "determination": "malware"},
        },
    )
    assert sorted(fields(wrong)) == [
        *("changes.determination", "changes.name", "changes.severity"),
        *("target.query.severity", "target.query.statsu"),
    ]
    for target in ({}, {"query": "", "incidents": [1]}, None, [1]):
        assert "target" in fields(ask(script, "POST", BULK, {"target": target, "changes": {"severity": "low"}}))
    named = {"target": {"incidents": [1]}}
    assert fields(ask(script, "POST", BULK, named)) == ["changes"]
    assert fields(ask(script, "POST", BULK, {**named, "changes": {}})) == ["changes"]
    assert ask(script, "POST", PREVIEW, {**named, "changes": {"status": "resolved"}}).status_code == 409


def test_a_reader_changes_nothing(db: None) -> None:
    _, key = create_token("reader", actor=SYSTEM, role="reader")
    reader = Client(headers={"Authorization": f"Bearer {key}"})
    assert {ask(reader, "POST", path).status_code for path in (BULK, PREVIEW)} == {403}
