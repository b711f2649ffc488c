"""The Manage pane over HTTP: what it saves, refuses, and asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team, User
from activity.models import Entry
from alerts.choices import Classification, Determination, Severity
from incidents.changes import Changes
from incidents.choices import IncidentStatus
from incidents.commands import apply_changes, rename, resolve, set_severity
from incidents.models import Incident
from tests.conftest import alert, device, opened


@pytest.fixture
def client(ana: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(ana)


def form_of(incident: Incident, **changed: Any) -> dict[str, Any]:
    """What a browser sends for an incident as it is, some fields changed by the person."""
    start = {
        "name": incident.name,
        "severity": "automatic",
        "status": IncidentStatus(incident.status).slug,
        "classification": "not_set",
        "assignee": incident.assignee_user.username if incident.assignee_user else "",
    }
    was = {f"was_{field}": value for field, value in start.items()} | {"was_tags": ""}
    return {**start, **was, "version": incident.version, "resolution_note": "", "comment": "", **changed}


def send(client: Client, incident: Incident, **changed: Any) -> Any:
    return client.post(reverse("incidents:manage", args=[incident.pk]), form_of(incident, **changed))


def text_of(answer: Any) -> str:
    return unescape(answer.content.decode())


def test_it_shows_the_incident_as_it_is(client: Client, incident: Incident, ana: User) -> None:
    rename(incident, "Intrusion at finance", actor=ana.as_actor())
    page = text_of(client.get(reverse("incidents:manage", args=[incident.pk])))
    assert 'value="Intrusion at finance"' in page
    assert "Automatic (high)" in page
    assert "Use the automatic name" in page


def test_it_says_what_the_automatic_name_and_severity_would_be(client: Client, incident: Incident, ana: User) -> None:
    page = text_of(client.get(reverse("incidents:manage", args=[incident.pk])))
    assert "Given by the system; follows the alerts until you write another." in page
    assert "Use the automatic name" not in page
    rename(incident, "By hand", actor=ana.as_actor())
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    opened(alert("3", title="Beacon", categories=("initial_access",), entities=(device("fin-ws-17"), device("b"))))
    page = text_of(client.get(reverse("incidents:manage", args=[incident.pk])))
    became = "Multi-stage incident involving Initial access & Impact on 2 endpoints"
    assert f'Use the automatic name: <span class="soft">{became}</span>' in page
    assert "Automatic (high)" in page
    assert "follows the alerts until" not in page


def test_saving_something_else_leaves_the_name_to_the_system(client: Client, incident: Incident) -> None:
    """The form still holds the name as it was when it was opened."""
    opened(alert("3", title="Beacon", categories=("initial_access",), entities=(device("fin-ws-17"),)))
    assert send(client, incident, status="in_progress").status_code == 302
    incident.refresh_from_db()
    assert not incident.name_is_manual
    assert "Initial access" in incident.name


def test_several_fields_are_one_save(client: Client, incident: Incident, ana: User, tier2: Team) -> None:
    answer = send(
        client,
        incident,
        name="Intrusion",
        severity="low",
        status="in_progress",
        assignee="team:tier2",
        classification="true_positive/malware",
        tags=["wave", "q4"],
        comment="On it",
    )
    assert (answer.status_code, answer["Location"]) == (302, reverse("incidents:overview", args=[incident.pk]))
    incident.refresh_from_db()
    assert (incident.name, incident.severity, incident.status) == ("Intrusion", Severity.LOW, 2)
    assert (incident.assignee_team, incident.classification, incident.determination) == (
        tier2,
        "true_positive",
        "malware",
    )
    assert sorted(incident.tags.values_list("name", flat=True)) == ["q4", "wave"]
    assert Entry.objects.comments().get().body.text == "On it"
    assert set(Entry.objects.filter(actor_kind="user").values_list("channel", flat=True)) == {"page"}


def test_saving_without_a_change_records_nothing(client: Client, incident: Incident) -> None:
    before = Entry.objects.count()
    assert send(client, incident).status_code == 302
    assert Entry.objects.count() == before


def test_name_and_severity_can_be_given_back(client: Client, incident: Incident, ana: User) -> None:
    rename(incident, "By hand", actor=ana.as_actor())
    saved = set_severity(incident, Severity.LOW, actor=ana.as_actor())
    send(client, saved, use_automatic_name="on", was_severity="low", severity="automatic")
    incident.refresh_from_db()
    assert (incident.name_is_manual, incident.severity_is_manual, incident.severity) == (False, False, Severity.HIGH)


def test_resolving_without_a_note_is_a_422_at_the_field(client: Client, incident: Incident) -> None:
    answer = send(client, incident, status="resolved", classification="false_positive/not_set", name="Typed already")
    assert answer.status_code == 422
    assert "Say how it was resolved" in text_of(answer)
    assert "Typed already" in text_of(answer)
    incident.refresh_from_db()
    assert (incident.status, incident.name_is_manual) == (IncidentStatus.ACTIVE, False)


def test_resolving_without_a_classification_asks_once(client: Client, incident: Incident) -> None:
    asked = send(client, incident, status="resolved", resolution_note="Reimaged.")
    assert asked.status_code == 422
    assert "Resolve without a classification?" in text_of(asked)
    assert 'name="unclassified_is_fine"' in text_of(asked)
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.ACTIVE
    again = send(client, incident, status="resolved", resolution_note="Reimaged.", unclassified_is_fine="on")
    assert again.status_code == 302
    incident.refresh_from_db()
    assert (incident.status, incident.resolution_note) == (IncidentStatus.RESOLVED, "Reimaged.")


def test_a_classification_in_the_same_save_is_enough(client: Client, incident: Incident) -> None:
    answer = send(
        client, incident, status="resolved", resolution_note="Reimaged.", classification="false_positive/not_malicious"
    )
    assert answer.status_code == 302


def test_a_resolved_incident_is_not_asked_again(client: Client, incident: Incident, ana: User) -> None:
    saved = resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    assert send(client, saved, resolution_note="Reimaged twice.").status_code == 302
    incident.refresh_from_db()
    assert incident.resolution_note == "Reimaged twice."


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"assignee": "nobody-here"}, "Nobody has that name"),
        ({"assignee": "vic"}, "may not work on incidents"),
        ({"name": "   "}, "required"),
        ({"name": "x" * 501}, "at most 500"),
        ({"tags": ["x" * 101]}, "at most 100"),
        ({"tags": ["a\x00b"]}, "NUL"),
        ({"comment": "x" * 30_001}, "30,000 are allowed"),
        ({"severity": "enormous"}, "not one of the available choices"),
        ({"status": "redirected"}, "not one of the available choices"),
        ({"classification": "false_positive/malware"}, "not one of the available choices"),
        ({"version": "x"}, ""),
        ({"version": ""}, ""),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_is_a_422_that_says_why(
    client: Client, incident: Incident, vic: User, changed: dict[str, Any], message: str
) -> None:
    before = Entry.objects.count()
    answer = send(client, incident, **changed)
    assert answer.status_code == 422
    assert message in text_of(answer)
    assert Entry.objects.count() == before


def test_fields_that_are_none_of_the_form_are_not_written(client: Client, incident: Incident) -> None:
    send(client, incident, restricted="on", resolved_by="x", automatic_name="x", redirected_to=1, id=99, severity="low")
    incident.refresh_from_db()
    assert (incident.severity, incident.restricted, incident.resolved_by) == (Severity.LOW, False, "")
    assert incident.automatic_name != "x"


def test_a_conflict_is_a_409_that_shows_both_values(client: Client, incident: Incident, lee: User) -> None:
    rename(incident, "Their name", actor=lee.as_actor())
    answer = send(client, incident, name="My name", severity="low")
    assert answer.status_code == 409
    page = text_of(answer)
    for text in ("Lee Park", "Their name", "My name"):
        assert text in page
    incident.refresh_from_db()
    assert (incident.name, incident.severity) == ("Their name", Severity.HIGH)


@pytest.mark.parametrize(("keep", "name"), [("theirs", "Their name"), ("mine", "My name")])
def test_a_conflict_is_settled_by_choosing(client: Client, incident: Incident, lee: User, keep: str, name: str) -> None:
    newer = rename(incident, "Their name", actor=lee.as_actor())
    answer = send(client, incident, name="My name", severity="low", version=newer.version, keep_name=keep)
    assert answer.status_code == 302
    incident.refresh_from_db()
    assert (incident.name, incident.severity) == (name, Severity.LOW)


def resolved_form(incident: Incident, **changed: Any) -> dict[str, Any]:
    """What a browser sends for a resolved incident."""
    note = incident.resolution_note
    return {
        "version": incident.version,
        "status": "resolved",
        "was_status": "resolved",
        "resolution_note": note,
        "was_resolution_note": note,
        **changed,
    }


def test_two_people_at_one_note_are_a_409_that_is_settled_by_choosing(
    client: Client, incident: Incident, ana: User, lee: User
) -> None:
    seen = resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    newer = apply_changes(incident, Changes(resolution_note="Their note"), actor=lee.as_actor())
    answer = send(client, seen, **resolved_form(seen, resolution_note="My note"))
    page = text_of(answer)
    assert answer.status_code == 409
    for text in ("Their note", "My note", "Lee Park", 'name="keep_resolution_note"'):
        assert text in page
    settled = resolved_form(newer, resolution_note="My note")
    for keep, note in (("theirs", "Their note"), ("yours", "My note")):
        assert send(client, seen, **settled, keep_resolution_note=keep).status_code == 302
        incident.refresh_from_db()
        assert incident.resolution_note == note


def test_a_note_that_was_only_shown_is_not_written_over_theirs(
    client: Client, incident: Incident, ana: User, lee: User
) -> None:
    seen = resolve(incident, actor=ana.as_actor(), note="Reimaged.\nKeys rotated.")
    apply_changes(incident, Changes(resolution_note="Their note"), actor=lee.as_actor())
    note = "Reimaged.\r\nKeys rotated."
    answer = send(client, seen, **resolved_form(seen, resolution_note=note, severity="low"))
    assert answer.status_code == 302
    incident.refresh_from_db()
    assert (incident.resolution_note, incident.severity) == ("Their note", Severity.LOW)


def test_a_note_cannot_be_emptied(client: Client, incident: Incident, ana: User) -> None:
    seen = resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    assert send(client, seen, **resolved_form(seen, resolution_note=" ")).status_code == 422


def test_a_classification_with_its_determination_is_one_conflict(client: Client, incident: Incident, lee: User) -> None:
    theirs = Changes(classification=Classification.TRUE_POSITIVE, determination=Determination.MALWARE)
    apply_changes(incident, theirs, actor=lee.as_actor())
    page = text_of(send(client, incident, classification="false_positive/not_malicious"))
    for text in ("True positive, malware", "False positive, not malicious"):
        assert text in page
    assert page.count('name="keep_classification"') == 2


def test_the_same_form_sent_twice_adds_one_comment(client: Client, incident: Incident) -> None:
    for _ in range(2):
        send(client, incident, severity="low", comment="Once.", once="7a6f1c1e-7b4e-4a3c-9a52-0c5a5a5a5a5a")
    assert Entry.objects.comments().count() == 1


def test_different_fields_need_no_settling(client: Client, incident: Incident, lee: User) -> None:
    rename(incident, "Their name", actor=lee.as_actor())
    assert send(client, incident, severity="low").status_code == 302
    incident.refresh_from_db()
    assert (incident.name, incident.severity) == ("Their name", Severity.LOW)


def test_htmx_is_given_the_pane_and_told_what_happened(client: Client, incident: Incident) -> None:
    answer = client.post(
        reverse("incidents:manage", args=[incident.pk]),
        form_of(incident, severity="low"),
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    events = json.loads(answer["HX-Trigger"])
    assert "watchfloor:saved" in events
    assert events["watchfloor:toast"]["text"] == f"Saved #{incident.pk}"


MANY = {
    "severity": "keep",
    "status": "keep",
    "classification": "keep",
    "assignee": "",
    "resolution_note": "",
    "comment": "",
}


@pytest.fixture
def several(db: None) -> list[Incident]:
    return [opened(alert(name, entities=(device(name),))) for name in ("one", "two", "three")]


def send_many(client: Client, incidents: list[Incident], **changed: Any) -> Any:
    numbers = [each.pk for each in incidents]
    return client.post(reverse("incidents:manage_many"), {**MANY, "incident": numbers, **changed})


def test_several_are_changed_alike(client: Client, several: list[Incident], ana: User) -> None:
    answer = send_many(client, several, severity="high", assignee="ana", add_tags=["wave"])
    assert answer.status_code == 302
    for each in Incident.objects.all():
        assert (each.severity, each.assignee_user) == (Severity.HIGH, ana)
        assert list(each.tags.values_list("name", flat=True)) == ["wave"]


def test_several_are_resolved_with_one_note(client: Client, several: list[Incident]) -> None:
    assert send_many(client, several, status="resolved").status_code == 422
    resolved = {"status": "resolved", "resolution_note": "A drill."}
    asked = send_many(client, several, **resolved)
    assert asked.status_code == 422
    assert "3 of them have none" in text_of(asked)
    assert send_many(client, several, **resolved, unclassified_is_fine="on").status_code == 302
    assert set(Incident.objects.values_list("resolution_note", flat=True)) == {"A drill."}


def test_choosing_nothing_for_several_is_a_422(client: Client, several: list[Incident]) -> None:
    answer = send_many(client, several)
    assert answer.status_code == 422
    assert "Choose something to change first" in text_of(answer)


@pytest.mark.parametrize("numbers", [[], ["x"], ["-1"], ["9" * 30], ["9" * 5_000], ["٣"], list(range(1, 1_502))])
def test_numbers_of_nothing_are_a_404(client: Client, several: list[Incident], numbers: list[Any]) -> None:
    for answer in (
        client.post(reverse("incidents:manage_many"), {**MANY, "severity": "low", "incident": numbers}),
        client.get(reverse("incidents:manage_many"), {"incident": numbers}),
    ):
        assert answer.status_code == 404


def test_what_one_may_not_see_is_left_out_and_counted(client: Client, several: list[Incident], lee: User) -> None:
    from incidents.commands import restrict

    restrict(several[1], [lee], actor=lee.as_actor())
    page = text_of(client.get(reverse("incidents:manage_many"), {"incident": [each.pk for each in several]}))
    assert "1 cannot be found any more" in page
    assert f"#{several[1].pk}" not in page
    assert send_many(client, several, severity="high").status_code == 302
    assert set(Incident.objects.filter(severity_is_manual=True)) == {several[0], several[2]}
