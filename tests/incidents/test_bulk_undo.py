"""Taking an act back: every field that nobody has touched since, and a word on each that somebody has."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.commands import deactivate
from accounts.models import User
from activity.actors import SYSTEM
from activity.chain import verify
from activity.models import Entry
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from common.errors import Refused
from incidents.changes import Changes
from incidents.choices import IncidentStatus
from incidents.commands import (
    apply_changes,
    assign,
    change_note,
    change_tags,
    merge,
    reopen,
    restrict,
    set_alert_status,
    set_severity,
    start_undo,
    take_back,
    unmerge,
)
from incidents.models import BulkAct, Incident
from incidents.summary import differences
from tests.conftest import alert, device, opened
from tests.incidents.test_bulk_acts import SignIn, begin, finish, reasons

EVERYTHING: dict[str, Any] = {
    "severity": Severity.HIGH,
    "status": IncidentStatus.RESOLVED,
    "resolution_note": "A drill.",
    "classification": Classification.INFORMATIONAL_EXPECTED_ACTIVITY,
    "determination": Determination.SECURITY_TESTING,
    "add_tags": ("Drill",),
    "remove_tags": ("keep me",),
}
FIELDS = (
    *("severity", "severity_is_manual", "status", "resolution_note", "resolved_at", "resolved_by", "resolved_by_user"),
    *("classification", "determination", "assignee_user", "assignee_team", "alerts_active", "tag_ids", "name"),
)


@pytest.fixture
def pair(db: None, lee: User) -> list[Incident]:
    """Two incidents of two alerts each, one of them Lee's, both with a tag."""
    both = [
        opened(alert(f"{name}-1", entities=(device(name),)), alert(f"{name}-2", entities=(device(name),)))
        for name in ("one", "two")
    ]
    assign(both[0], lee, actor=lee.as_actor())
    set_alert_status(both[0], [both[0].alerts.order_by("pk")[0].pk], AlertStatus.IN_PROGRESS, actor=lee.as_actor())
    for each in both:
        change_tags(each, add=["Keep me"], actor=lee.as_actor())
    return both


def state(incident: Incident) -> tuple[Any, ...]:
    """All that an act may change, the alerts' part as well."""
    row = Incident.objects.filter(pk=incident.pk).values(*FIELDS).get()
    of_alerts = Alert.objects.of_incident(incident.pk).order_by("pk")
    return row, list(of_alerts.values("status", "assignee_user", "assignee_team", "resolved_at"))


def undone(act: BulkAct, user: User) -> BulkAct:
    undo = start_undo(act, actor=user.as_actor())
    finish(undo)
    undo.refresh_from_db()
    return undo


def done(user: User, changes: Changes) -> BulkAct:
    act = begin(user, changes)
    finish(act)
    return act


def test_all_comes_back_and_the_log_tells_of_it(pair: list[Incident], ana: User, rio: User) -> None:
    before = [state(each) for each in pair]
    act = done(ana, Changes(**EVERYTHING, assignee=rio))
    assert [state(each) for each in pair] != before
    undo = undone(act, ana)
    assert (undo.counts, reasons(undo, "changed")) == ({"changed": 2}, ["", ""])
    assert [state(each) for each in pair] == before
    for each in pair:
        assert verify(each.pk).breaks == ()
        entry = Entry.objects.of_incident(each.pk).get(verb="incident.undone")
        assert entry.facts == {"undo_of": str(act.pk)}
        assert {"field": "status", "old": "resolved", "new": "active"} in entry.changes
        assert Entry.objects.of_incident(each.pk).filter(verb="alert.undone").count() == 2
    assert differences(list(Incident.objects.all())) == []


def test_an_undo_can_be_undone(pair: list[Incident], ana: User, rio: User) -> None:
    act = done(ana, Changes(**EVERYTHING, assignee=rio))
    after = [state(each) for each in pair]
    redo = undone(undone(act, ana), ana)
    assert redo.counts == {"changed": 2}
    varying = {"resolved_at"}
    for each, expected in zip(pair, after, strict=True):
        row, of_alerts = state(each)
        assert {key: row[key] for key in row if key not in varying} == {
            key: value for key, value in expected[0].items() if key not in varying
        }
        assert [found["status"] for found in of_alerts] == [found["status"] for found in expected[1]]


def test_undone_once_is_enough(pair: list[Incident], ana: User) -> None:
    act = done(ana, Changes(severity=Severity.LOW))
    first = undone(act, ana)
    assert start_undo(act, actor=ana.as_actor()) == first


def test_a_running_act_is_cancelled_before_it_is_undone(pair: list[Incident], ana: User) -> None:
    with pytest.raises(Refused, match="cancel it first"):
        start_undo(begin(ana), actor=ana.as_actor())


def test_what_others_have_touched_stays_and_is_named(pair: list[Incident], ana: User, rio: User, lee: User) -> None:
    act = done(ana, Changes(severity=Severity.HIGH, assignee=rio, add_tags=("Drill", "wave")))
    set_severity(pair[0], Severity.LOW, actor=lee.as_actor())
    change_tags(pair[0], remove=["drill"], actor=lee.as_actor())
    change_tags(pair[0], add=["Drill", "own"], actor=lee.as_actor())
    undo = undone(act, ana)
    assert undo.counts == {"changed": 2}
    touched, free = (Incident.objects.get(pk=each.pk) for each in pair)
    assert (touched.severity, free.severity) == (Severity.LOW, Severity.MEDIUM)
    assert (touched.assignee, free.assignee) == (lee, None)
    assert set(touched.tags.values_list("name", flat=True)) == {"Keep me", "Drill", "own"}
    assert set(free.tags.values_list("name", flat=True)) == {"Keep me"}
    reason = reasons(undo, "changed")[0]
    assert "severity, which Lee Park has changed since" in reason
    assert "the tag “Drill”, which Lee Park has changed since" in reason


def test_another_act_that_was_taken_back_itself_is_in_nobodys_way(pair: list[Incident], ana: User, lee: User) -> None:
    before = [state(each) for each in pair]
    first = done(ana, Changes(severity=Severity.HIGH, status=IncidentStatus.IN_PROGRESS, add_tags=("Drill",)))
    second = done(lee, Changes(severity=Severity.LOW))
    undone(second, lee)
    merge(pair[0], [pair[1]], actor=lee.as_actor(), reason="Alike.")
    unmerge(pair[1], actor=lee.as_actor())
    assert undone(first, ana).counts == {"changed": 2}
    assert [state(each) for each in pair] == before


def test_a_note_somebody_has_written_since_keeps_the_incident_resolved(
    pair: list[Incident], ana: User, lee: User
) -> None:
    act = done(ana, Changes(status=IncidentStatus.RESOLVED, resolution_note="A drill."))
    change_note(pair[0], "It was real.", actor=lee.as_actor())
    undo = undone(act, ana)
    pair[0].refresh_from_db()
    assert (pair[0].status, pair[0].resolution_note) == (IncidentStatus.RESOLVED, "It was real.")
    assert pair[0].alerts_active == 0
    assert "status, which Lee Park has changed since" in reasons(undo, "unchanged")[0]
    assert Incident.objects.get(pk=pair[1].pk).status == IncidentStatus.ACTIVE


def test_reopened_ones_are_resolved_again_as_they_were(pair: list[Incident], ana: User, lee: User) -> None:
    for each in pair:
        apply_changes(
            each, Changes(status=IncidentStatus.RESOLVED, resolution_note=f"Note {each.pk}"), actor=lee.as_actor()
        )
    act = done(ana, Changes(status=IncidentStatus.ACTIVE))
    set_alert_status(pair[0], [pair[0].alerts.order_by("pk")[0].pk], AlertStatus.NEW, actor=lee.as_actor())
    undo = undone(act, ana)
    kept, back = (Incident.objects.get(pk=each.pk) for each in pair)
    assert kept.status == IncidentStatus.ACTIVE
    assert "active alerts" in reasons(undo, "unchanged")[0]
    assert (back.status, back.resolution_note) == (IncidentStatus.RESOLVED, f"Note {back.pk}")
    assert (back.resolved_by, back.resolved_by_user) == ("Lee Park", lee)


def test_reopened_and_resolved_by_others_keeps_its_alerts_resolved(pair: list[Incident], ana: User, lee: User) -> None:
    act = done(ana, Changes(status=IncidentStatus.RESOLVED, resolution_note="A drill."))
    reopen(pair[0], actor=lee.as_actor())
    apply_changes(pair[0], Changes(status=IncidentStatus.RESOLVED, resolution_note="Real."), actor=lee.as_actor())
    undone(act, ana)
    pair[0].refresh_from_db()
    assert (pair[0].status, pair[0].resolution_note, pair[0].alerts_active) == (3, "Real.", 0)
    assert differences(list(Incident.objects.all())) == []


def test_a_severity_given_back_to_the_system_is_todays(pair: list[Incident], ana: User) -> None:
    act = done(ana, Changes(severity=Severity.INFORMATIONAL))
    opened(alert("one-3", severity=Severity.HIGH, entities=(device("one"),)))
    undone(act, ana)
    pair[0].refresh_from_db()
    assert (pair[0].severity, pair[0].severity_is_manual) == (Severity.HIGH, False)


def test_somebody_who_has_left_does_not_get_it_back(pair: list[Incident], ana: User, rio: User, lee: User) -> None:
    act = done(ana, Changes(assignee=rio))
    deactivate(lee, actor=SYSTEM)
    undo = undone(act, ana)
    assert Incident.objects.get(pk=pair[0].pk).assignee == rio
    assert "Lee Park may not work on incidents" in reasons(undo, "unchanged")[0]


def test_what_is_hidden_meanwhile_is_left(pair: list[Incident], ana: User, lee: User) -> None:
    act = done(ana, Changes(severity=Severity.HIGH))
    restrict(pair[0], [lee], actor=lee.as_actor())
    assert undone(act, ana).counts == {"refused": 1, "changed": 1}
    assert Incident.objects.get(pk=pair[0].pk).severity == Severity.HIGH


def test_a_single_save_is_taken_back_by_who_made_it(
    pair: list[Incident], ana: User, lee: User, sign_in: SignIn
) -> None:
    before, batch = state(pair[1]), uuid4()
    apply_changes(pair[1], Changes(name="By hand", **EVERYTHING), actor=ana.as_actor(), batch=batch)
    address = reverse("incidents:undo_save", args=[pair[1].pk, batch])
    assert sign_in(lee).post(address).status_code == 404
    assert sign_in(ana).post(reverse("incidents:undo_save", args=[pair[1].pk, uuid4()])).status_code == 404
    answer = sign_in(ana).post(address, headers={"HX-Request": "true"})
    assert f"Taken back on #{pair[1].pk}" in answer["HX-Trigger"]
    assert state(pair[1]) == before
    again = sign_in(ana).post(address, headers={"HX-Request": "true"})
    assert "Nothing was taken back" in again["HX-Trigger"]


def test_comments_stay(pair: list[Incident], ana: User) -> None:
    act = done(ana, Changes(severity=Severity.LOW, comment="Seen."))
    undone(act, ana)
    assert Entry.objects.comments().count() == 2


def test_taking_back_what_was_never_done_changes_nothing(pair: list[Incident], ana: User) -> None:
    last = Entry.objects.latest("pk").pk
    results = take_back([pair[0].pk, 2**40], uuid4(), actor=ana.as_actor(), principal=ana)
    assert [result.outcome for result in results.values()] == ["unchanged", "refused"]
    assert Entry.objects.latest("pk").pk == last
