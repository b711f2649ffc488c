"""Bulk acts: fixed at the start, each incident once, refused one by one, stopped, resumed, nobody else's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts.commands import change_role, deactivate
from accounts.models import User
from activity.actors import SYSTEM
from activity.chain import verify
from activity.models import Entry
from activity.snapshots import is_snapshot, snapshot
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from incidents import tasks
from incidents.changes import Changes, Gone
from incidents.choices import IncidentStatus
from incidents.commands import (
    apply_changes,
    apply_to_many,
    bulk,
    cancel_act,
    prepare_act,
    restrict,
    set_severity,
    start_act,
    work_on,
)
from incidents.models import BulkAct, Follower, Incident
from incidents.queries.bulk import results
from incidents.rules import NOT_SEEN
from tests.conftest import alert, device, opened, person
from tests.incidents.rows import row, stored

SignIn = Callable[[User], Client]
LOW = Changes(severity=Severity.LOW)


def begin(user: User, changes: Changes = LOW, *, seen: str = "") -> BulkAct:
    """An act over every incident, started and not worked on."""
    return start_act(prepare_act(Incident.objects.all(), user), changes, actor=user.as_actor(), seen=seen)


def finish(act: BulkAct) -> dict[str, int]:
    while work_on(act.pk, actor=act.as_actor()):
        pass
    act.refresh_from_db()
    return act.counts


def reasons(act: BulkAct, outcome: str) -> list[str]:
    return list(act.items.filter(outcome=outcome).order_by("incident").values_list("reason", flat=True))


@pytest.fixture
def three(db: None) -> list[Incident]:
    return [
        opened(
            alert(f"{name}-1", entities=(device(name),)), alert(f"{name}-2", title="Beacon", entities=(device(name),))
        )
        for name in ("one", "two", "three")
    ]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 1)


ALL = Changes(
    severity=Severity.HIGH,
    status=IncidentStatus.RESOLVED,
    resolution_note="A drill.",
    classification=Classification.INFORMATIONAL_EXPECTED_ACTIVITY,
    determination=Determination.SECURITY_TESTING,
    add_tags=("Drill", "new"),
    remove_tags=("gone",),
    comment="All at once",
)


def test_many_are_changed_as_one_by_one(three: list[Incident], ana: User, rio: User) -> None:
    """Rows, versions, entries and alerts are what the commands make of a single incident."""
    changes = replace(ALL, assignee=rio)
    single = apply_changes(three[0], changes, actor=ana.as_actor())
    apply_to_many([each.pk for each in three[1:]], changes, actor=ana.as_actor())
    expected = Incident.objects.filter(pk=single.pk).values().get()
    varying = {"id", "name", "automatic_name", "first_activity", "last_activity", "created_at", "updated_at"}
    for each in three[1:]:
        found = Incident.objects.filter(pk=each.pk).values().get()
        assert {key for key in found if key not in varying | {"resolved_at"} and found[key] != expected[key]} == set()
        assert _told(each.pk) == _told(single.pk)
        assert set(each.alerts.values_list("status", "assignee_user")) == {(AlertStatus.RESOLVED, rio.pk)}
        assert set(each.tags.values_list("name", flat=True)) == {"Drill", "new"}
        assert set(Follower.objects.filter(incident=each).values_list("user", flat=True)) == {ana.pk, rio.pk}
        assert verify(each.pk).breaks == ()


def _told(number: int) -> list[tuple[Any, ...]]:
    entries = Entry.objects.of_incident(number).select_related("body").order_by("sequence")
    return [
        (entry.verb, entry.incident_version, entry.changes, entry.subject_label, entry.body and entry.body.text)
        for entry in entries
        if entry.sequence > 1
    ]


def test_statements_do_not_grow_with_the_incidents(ana: User) -> None:
    counted = []
    for number in (10, 40):
        rows = stored(row(alerts_active=0, alerts_total=0) for _ in range(number))
        with CaptureQueriesContext(connection) as captured:
            apply_to_many([each.pk for each in rows], Changes(severity=Severity.LOW, add_tags=["x"]), actor=SYSTEM)
        counted.append(len([each for each in captured if "SAVEPOINT" not in each["sql"]]))
    assert counted[1] <= counted[0] + 3


def test_what_matched_at_the_start_is_what_is_changed(three: list[Incident], ana: User) -> None:
    act = prepare_act(Incident.objects.filter(severity=Severity.MEDIUM), ana)
    set_severity(three[0], Severity.HIGH, actor=ana.as_actor())
    late = opened(alert("late", title="Later", entities=(device("late"),)))
    finish(start_act(act, LOW, actor=ana.as_actor()))
    assert set(Incident.objects.filter(severity=Severity.LOW)) == set(three)
    late.refresh_from_db()
    assert late.severity == Severity.MEDIUM


@pytest.mark.django_db(transaction=True)
def test_what_others_changed_since_the_preview_is_left(three: list[Incident], ana: User, lee: User) -> None:
    seen = snapshot()
    assert is_snapshot(seen)
    set_severity(three[0], Severity.HIGH, actor=lee.as_actor())
    apply_changes(three[1], Changes(assignee=lee), actor=lee.as_actor())
    set_severity(three[2], Severity.INFORMATIONAL, actor=ana.as_actor())
    act = begin(ana, seen=seen)
    assert finish(act) == {"conflict": 1, "changed": 2}
    assert reasons(act, "conflict") == ["Changed meanwhile: severity by Lee Park (High)"]
    three[0].refresh_from_db()
    assert three[0].severity == Severity.HIGH


@pytest.mark.parametrize("text", ["", "x", "1:2", "1:2:3;", "5:1:", "1:9:4,3", "1:5:9", f"{'9' * 25}:1:", "1:2:'"])
def test_what_is_no_snapshot_is_known_as_none(text: str) -> None:
    assert not is_snapshot(text)


def test_what_is_restricted_meanwhile_is_refused_and_the_rest_goes_on(
    three: list[Incident], ana: User, lee: User
) -> None:
    act = begin(ana)
    restrict(three[1], [lee], actor=lee.as_actor())
    assert finish(act) == {"refused": 1, "changed": 2}
    assert reasons(act, "refused") == ["It does not exist, or you may not see it any more."]
    three[1].refresh_from_db()
    assert three[1].severity == Severity.MEDIUM


@pytest.mark.django_db(transaction=True)
def test_results_tell_nothing_of_what_was_restricted_afterwards(three: list[Incident], ana: User, lee: User) -> None:
    seen = snapshot()
    set_severity(three[1], Severity.HIGH, actor=lee.as_actor())
    act = begin(ana, seen=seen)
    finish(act)
    told = {each["number"]: each["reason"] for each in results(act, ana).rows}
    assert "Lee Park" in told[three[1].pk]
    restrict(three[1], [lee], actor=lee.as_actor())
    shown = next(each for each in results(act, ana).rows if each["number"] == three[1].pk)
    assert (shown["name"], shown["reason"]) == (None, NOT_SEEN)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("withdraw", [deactivate, lambda user, actor: change_role(user, "reader", actor=actor)])
def test_rights_withdrawn_midway_stop_the_act(three: list[Incident], ana: User, withdraw: Any) -> None:
    act = begin(ana)
    assert work_on(act.pk, actor=act.as_actor())
    withdraw(ana, actor=SYSTEM)
    assert not work_on(act.pk, actor=act.as_actor())
    act.refresh_from_db()
    assert (act.state, act.counts) == ("failed", {"changed": 1})
    assert act.problem
    assert Incident.objects.filter(severity=Severity.LOW).count() == 1


@pytest.mark.usefixtures("small_chunks")
def test_an_assignee_who_may_not_work_any_more_stops_the_act(three: list[Incident], ana: User, rio: User) -> None:
    act = begin(ana, Changes(assignee=rio))
    deactivate(rio, actor=SYSTEM)
    assert finish(act) == {}
    assert (act.state, act.problem) == (
        "failed",
        "Rio Sato may not work on incidents; choose somebody else.",
    )


@pytest.mark.usefixtures("small_chunks")
def test_cancelled_it_stops_after_the_present_chunk(three: list[Incident], ana: User) -> None:
    act = begin(ana)
    assert work_on(act.pk, actor=act.as_actor())
    cancel_act(act, actor=ana.as_actor())
    assert not work_on(act.pk, actor=act.as_actor())
    act.refresh_from_db()
    assert (act.state, act.counts, act.total) == ("cancelled", {"changed": 1}, 3)


@pytest.mark.usefixtures("small_chunks")
def test_two_overlapping_acts_change_each_incident_once(three: list[Incident], ana: User, lee: User) -> None:
    one, other = begin(ana, Changes(add_tags=["a"])), begin(lee, Changes(add_tags=["b"]))
    for _ in range(4):
        work_on(one.pk, actor=one.as_actor())
        work_on(other.pk, actor=other.as_actor())
    for each in three:
        assert set(each.tags.values_list("name", flat=True)) == {"a", "b"}
        assert Entry.objects.of_incident(each.pk).filter(verb="incident.tags_changed").count() == 2


def test_a_message_that_comes_twice_changes_nothing_twice(three: list[Incident], ana: User) -> None:
    act = begin(ana)
    tasks.run_bulk_act(str(act.pk))
    last = Entry.objects.latest("pk").pk
    tasks.run_bulk_act(str(act.pk))
    assert Entry.objects.latest("pk").pk == last


def test_the_sweep_takes_up_what_no_worker_has_in_hand(
    three: list[Incident], ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced: list[Any] = []
    monkeypatch.setattr(tasks, "announce", announced.append)
    act = begin(ana)
    tasks.sweep_bulk_acts()
    assert announced == []
    BulkAct.objects.filter(pk=act.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_bulk_acts()
    assert announced == [act.pk]
    finish(act)
    announced.clear()
    tasks.sweep_bulk_acts()
    assert announced == []


def test_without_redis_the_act_waits_for_the_sweep(
    three: list[Incident], ana: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is lost and nobody is told of an error: the act is a row, and its message only a wake-up."""

    def unreachable(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused")

    act = begin(ana)
    monkeypatch.setattr(tasks.run_bulk_act, "apply_async", unreachable)
    tasks.announce(act.pk)
    assert "the sweep will do so" in caplog.text
    assert finish(act) == {"changed": 3}


def test_drafts_left_lying_are_forgotten(three: list[Incident], ana: User) -> None:
    old, fresh = prepare_act(Incident.objects.all(), ana), prepare_act(Incident.objects.all(), ana)
    BulkAct.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    tasks.sweep_bulk_acts()
    assert list(BulkAct.objects.all()) == [fresh]


def test_changes_survive_being_written_down(ana: User, tier2: Any) -> None:
    for changes in (ALL, LOW, Changes(severity=None, assignee=None, name=None), replace(ALL, assignee=tier2)):
        again = Changes.from_values(changes.as_values())
        assert again.as_values() == changes.as_values()
        assert not again.is_empty()
    nobody = person("zoe", "Zoe", "analyst")
    values = Changes(assignee=nobody).as_values()
    values["assignee"]["user"] = 2**40
    with pytest.raises(Gone):
        Changes.from_values(values)


# Over HTTP ----------------------------------------------------------------------------------------------------------

FORM = {"severity": "low", "status": "keep", "classification": "keep"}
FORM_NUMBER = "0b9c4d7e-8f3a-4f0e-9d3f-0f8f6a6b7c8d"
HTMX = {"HX-Request": "true"}


@pytest.mark.django_db(transaction=True)
def test_all_that_match_are_fixed_previewed_and_changed(three: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    assert client.get(reverse("incidents:count_many"), {"status": "active"}).json() == {"total": 3}
    pane = client.post(reverse("incidents:choose_many"), {"all": "1", "list": "status=active&after=zzz"}, headers=HTMX)
    assert pane.status_code == 200
    draft = BulkAct.objects.get()
    assert (draft.state, draft.total) == ("draft", 3)
    assert str(draft.pk) in pane.content.decode()
    form = {**FORM, "act": str(draft.pk), "seen": snapshot()}
    assert "of <span" in client.post(reverse("incidents:preview_many"), form, headers=HTMX).content.decode()
    answer = client.post(reverse("incidents:manage_many"), form, headers=HTMX)
    assert "3 changed" in answer["HX-Trigger"]
    assert reverse("incidents:undo_act", args=[draft.pk]) in answer["HX-Trigger"]
    again = client.post(reverse("incidents:manage_many"), form, headers=HTMX)
    assert "3 changed" in again["HX-Trigger"]
    assert Entry.objects.filter(verb="incident.severity_set").count() == 3


def test_a_form_sent_twice_is_one_act(three: list[Incident], ana: User, sign_in: SignIn) -> None:
    client = sign_in(ana)
    form = {**FORM, "incident": [each.pk for each in three], "comment": "Once", "once": FORM_NUMBER}
    for _ in range(2):
        assert client.post(reverse("incidents:manage_many"), form).status_code == 302
    assert BulkAct.objects.count() == 1
    assert Entry.objects.comments().count() == 3


def test_more_than_a_hundred_are_a_job(ana: User, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[Any] = []
    monkeypatch.setattr("incidents.views.acts.announce", announced.append)
    stored(row(number) for number in range(101))
    client = sign_in(ana)
    client.post(reverse("incidents:choose_many"), {"all": "1", "list": "status=active"}, headers=HTMX)
    act = BulkAct.objects.get()
    answer = client.post(reverse("incidents:manage_many"), {**FORM, "act": str(act.pk)}, headers=HTMX)
    assert "watchfloor:job" in answer["HX-Trigger"]
    page = client.get(reverse("incidents:act_progress", args=[act.pk])).content.decode()
    assert "0 of 101" in page
    assert "Cancel" in page
    finish(act)
    over = client.get(reverse("incidents:act_progress", args=[act.pk])).content.decode()
    assert "101 changed" in over
    assert "Undo" in over
    first = client.get(reverse("incidents:act", args=[act.pk])).content.decode()
    assert "Next incidents" in first
    last = max(act.items.values_list("incident", flat=True))
    rest = client.get(reverse("incidents:act", args=[act.pk]), {"outcome": "changed", "after": last - 1})
    assert f"#{last}<" in rest.content.decode()


def test_an_act_is_nobody_elses_business(three: list[Incident], ana: User, lee: User, sign_in: SignIn) -> None:
    act = begin(ana)
    draft = prepare_act(Incident.objects.all(), ana)
    other = sign_in(lee)
    for name in ("act", "act_progress"):
        assert other.get(reverse(f"incidents:{name}", args=[act.pk])).status_code == 404
    for name in ("cancel_act", "undo_act"):
        assert other.post(reverse(f"incidents:{name}", args=[act.pk])).status_code == 404
    assert other.post(reverse("incidents:manage_many"), {**FORM, "act": str(draft.pk)}).status_code == 404
    assert "No bulk act yet" in other.get(reverse("incidents:acts")).content.decode()
    act.refresh_from_db()
    assert act.state == "queued"


@pytest.mark.parametrize("path", ["manage/choose/", "manage/preview/", "manage/"])
def test_a_reader_may_not(three: list[Incident], vic: User, sign_in: SignIn, path: str) -> None:
    answer = sign_in(vic).post(f"/incidents/{path}", {**FORM, "incident": [three[0].pk]})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"act": "x"}, {"act": ["0b9c4d7e-8f3a-4f0e-9d3f-0f8f6a6b7c8d"]}, {"incident": ["1"], "seen": "'; drop"}, {}],
)
def test_bad_input_is_never_an_error_of_ours(ana: User, sign_in: SignIn, wrong: dict[str, Any]) -> None:
    assert sign_in(ana).post(reverse("incidents:manage_many"), {**FORM, **wrong}).status_code in (404, 422)
    assert sign_in(ana).post(reverse("incidents:choose_many"), {"all": "1", "list": "nonsense=1"}).status_code == 404


def test_alerts_stay_with_the_incidents_that_are_refused(three: list[Incident], ana: User) -> None:
    """One of the incidents cannot take another tag; nothing of it changes, its alerts neither."""
    apply_changes(three[0], Changes(add_tags=[f"t{number}" for number in range(50)]), actor=ana.as_actor())
    changes = Changes(status=IncidentStatus.RESOLVED, resolution_note="x", add_tags=("one more",), assignee=ana)
    act = begin(ana, changes)
    assert finish(act) == {"refused": 1, "changed": 2}
    assert set(Alert.objects.of_incident(three[0].pk).values_list("status", "assignee_user")) == {(1, None)}
    assert verify(three[0].pk).breaks == ()
