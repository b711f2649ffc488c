"""A merge taken back: every source is what it was, and what was done since stays where it was done."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.chain import verify
from activity.models import Entry
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from common.errors import Refused
from entities.identity import domain
from incidents.choices import IncidentStatus
from incidents.commands import (
    add_comment,
    add_evidence,
    add_task,
    assign,
    assign_alerts,
    change_tags,
    classify,
    follow,
    merge,
    move_alerts,
    rename,
    restrict,
    set_alert_status,
    set_due,
    set_severity,
    unassign,
    unmerge,
    unmerge_all,
    use_automatic_name,
)
from incidents.models import Follower, Incident, Merge
from incidents.rules.merging import NOBODY, Choice
from incidents.summary import differences
from ingest.commands import ingest
from tests.conftest import COMMAND_LINE, alert, device, opened
from tests.incidents.test_merge import REASON, SOON, fresh, seen_by, tags_of


@pytest.fixture
def other(db: None) -> Incident:
    return opened(alert("other", title="Password spray", entities=(device("hr-ws-01"),), severity=Severity.LOW))


@pytest.fixture
def third(db: None) -> Incident:
    return opened(alert("third", title="Odd sign-in", entities=(device("hr-ws-2"),), severity=Severity.LOW))


def test_both_are_what_they_were(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    actor = ana.as_actor()
    change_tags(other, add=["spray"], actor=actor)
    assign(other, ana, actor=actor)
    classify(other, Classification.TRUE_POSITIVE, Determination.PHISHING, actor=actor)
    rename(other, "Spray", actor=actor)
    set_due(other, SOON, actor=actor)
    set_severity(other, Severity.HIGH, actor=actor)
    add_comment(other, "By VPN.", actor=actor)
    add_task(other, "Isolate DC-01", actor=actor)
    add_evidence(other, [domain("beacon.example")], note="In the proxy's log.", actor=actor)
    before = [state(fresh(each)) for each in (incident, other)]
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    assert state(fresh(incident)) != before[0]
    unmerge(other, actor=lee.as_actor(), reason="Two after all.")
    assert [state(fresh(each)) for each in (incident, other)] == before
    assert differences([fresh(incident), fresh(other)]) == []
    assert verify().breaks == ()
    told = [Entry.objects.of_incident(each.pk).order_by("-sequence")[0].verb for each in (incident, other)]
    assert told == ["incident.unmerged", "incident.restored"]


def test_later_work_stays_where_it_was_done(
    incident: Incident, other: Incident, ana: User, lee: User, rio: User
) -> None:
    change_tags(other, add=["spray", "vpn"], actor=ana.as_actor())
    assign(other, ana, actor=ana.as_actor())
    rename(other, "Spray", actor=ana.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    change_tags(incident, remove=["vpn"], add=["mine"], actor=lee.as_actor())
    change_tags(incident, add=["vpn"], actor=lee.as_actor())
    assign(incident, rio, actor=lee.as_actor())
    rename(incident, "Operation Quiet", actor=lee.as_actor())
    [came] = Alert.objects.filter(external_id="other")
    set_alert_status(incident, [came.pk], AlertStatus.RESOLVED, actor=lee.as_actor())
    later = ingest([alert("later", entities=(device("hr-ws-01"),))], actor=COMMAND_LINE)[0].incident_id
    unmerge(other, actor=lee.as_actor())
    target, source = fresh(incident), fresh(other)
    assert (tags_of(target), tags_of(source)) == (["mine", "vpn"], ["spray", "vpn"])
    assert (target.assignee, source.assignee) == (rio, ana)
    assert (target.name, source.name) == ("Operation Quiet", "Spray")
    assert (source.alerts_total, source.alerts_active, later) == (1, 0, target.pk)
    assert differences([target, source]) == []


def test_alerts_that_were_moved_on_stay_there(incident: Incident, other: Incident, third: Incident, lee: User) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    [came] = Alert.objects.filter(external_id="other")
    move_alerts([came.pk], third, actor=lee.as_actor(), comment="That is where it belongs.")
    unmerge(other, actor=lee.as_actor())
    assert (fresh(other).alerts_total, fresh(other).is_open, fresh(third).alerts_total) == (0, True, 2)


def test_what_two_sources_gave_goes_with_the_last(
    incident: Incident, other: Incident, third: Incident, ana: User, lee: User
) -> None:
    for each in (other, third):
        change_tags(each, add=["spray"], actor=ana.as_actor())
        assign(each, ana, actor=ana.as_actor())
        follow(each, actor=ana.as_actor())
    merge(incident, [other, third], actor=lee.as_actor(), reason=REASON)
    unmerge(other, actor=lee.as_actor())
    target = fresh(incident)
    assert (tags_of(target), target.assignee) == (["spray"], ana)
    unmerge(third, actor=lee.as_actor())
    target = fresh(incident)
    assert (tags_of(target), target.assignee) == ([], None)
    assert not Follower.objects.filter(incident=target, user=ana).exists()


def test_the_next_ones_name_and_severity_count_instead(
    incident: Incident, other: Incident, third: Incident, lee: User
) -> None:
    for each, name, severity in ((other, "Spray", Severity.HIGH), (third, "Sign-ins", Severity.MEDIUM)):
        rename(each, name, actor=lee.as_actor())
        set_severity(each, severity, actor=lee.as_actor())
    low = opened(alert("low", severity=Severity.LOW, entities=(device("x"),)))
    merge(low, [other, third], actor=lee.as_actor(), reason=REASON)
    assert (fresh(low).name, fresh(low).severity) == ("Spray", Severity.HIGH)
    unmerge(other, actor=lee.as_actor())
    assert (fresh(low).name, fresh(low).severity) == ("Sign-ins", Severity.MEDIUM)
    unmerge(third, actor=lee.as_actor())
    assert (fresh(low).name_is_manual, fresh(low).severity) == (False, Severity.LOW)


def test_what_was_taken_away_by_hand_comes_back_from_no_earlier_source(
    incident: Incident, other: Incident, third: Incident, ana: User, lee: User
) -> None:
    actor = lee.as_actor()
    for each in (other, third):
        change_tags(each, add=["spray"], actor=actor)
        assign(each, ana, actor=actor)
        set_due(each, SOON, actor=actor)
        rename(each, "Spray", actor=actor)
    merge(incident, [other], actor=actor, reason=REASON)
    change_tags(incident, remove=["spray"], actor=actor)
    unassign(incident, actor=actor)
    set_due(incident, None, actor=actor)
    use_automatic_name(incident, actor=actor)
    merge(incident, [third], actor=actor, reason=REASON)
    unmerge(third, actor=actor)
    target = fresh(incident)
    assert (tags_of(target), target.assignee, target.due_at, target.name_is_manual) == ([], None, None, False)


def test_what_a_later_merge_gave_stays_with_it(
    incident: Incident, other: Incident, third: Incident, ana: User, lee: User, rio: User
) -> None:
    for each, person in ((incident, rio), (other, ana), (third, lee)):
        assign(each, person, actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON, choice=Choice(assignee="ana"))
    merge(incident, [third], actor=lee.as_actor(), reason=REASON, choice=Choice(assignee="lee"))
    unmerge(other, actor=lee.as_actor())
    assert fresh(incident).assignee == lee
    unmerge(third, actor=lee.as_actor())
    assert fresh(incident).assignee == rio


def test_work_on_its_alerts_and_tasks_is_not_work_on_itself(
    incident: Incident, other: Incident, ana: User, lee: User, rio: User
) -> None:
    assign(other, ana, actor=lee.as_actor())
    set_due(other, SOON, actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    add_task(incident, "Call", assignee=rio, due=SOON, actor=lee.as_actor())
    assign_alerts(incident, list(incident.alerts.values_list("pk", flat=True)), rio, actor=lee.as_actor())
    unmerge(other, actor=lee.as_actor())
    target = fresh(incident)
    assert (target.assignee, target.due_at) == (None, None)
    assert list(target.followers.values_list("user__username", flat=True)) == ["rio"]


def test_a_chain_comes_apart_from_its_end(incident: Incident, other: Incident, third: Incident, lee: User) -> None:
    change_tags(third, add=["vpn"], actor=lee.as_actor())
    merge(other, [third], actor=lee.as_actor(), reason=REASON)
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    with pytest.raises(Refused, match=f"Un-merge #{other.pk} first"):
        unmerge(third, actor=lee.as_actor())
    unmerge(other, actor=lee.as_actor())
    assert (fresh(third).redirected_to_id, fresh(other).alerts_total) == (other.pk, 2)
    unmerge(third, actor=lee.as_actor())
    assert [fresh(each).alerts_total for each in (incident, other, third)] == [2, 1, 1]
    assert [tags_of(fresh(each)) for each in (incident, other, third)] == [[], [], ["vpn"]]


def test_nothing_becomes_less_restricted(incident: Incident, other: Incident, ana: User, lee: User) -> None:
    restrict(other, [lee], actor=lee.as_actor())
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    unmerge(other, actor=lee.as_actor())
    assert seen_by(lee, ana) == [{incident.pk, other.pk}, set()]


def test_nobody_has_again_what_stays_restricted_and_they_would_not_see(
    incident: Incident, other: Incident, third: Incident, ana: User, lee: User
) -> None:
    actor = lee.as_actor()
    for each in (incident, third):
        assign(each, ana, actor=actor)
    restrict(other, [lee], actor=actor)
    merge(incident, [other, third], actor=actor, reason=REASON, choice=Choice(assignee=NOBODY))
    unmerge_all(incident, Merge.objects.get(source=other).batch, actor=actor)
    assert [fresh(each).assignee for each in (incident, other, third)] == [None, None, None]
    restored = Entry.objects.of_incident(third.pk).get(verb="incident.restored").change_of("assignee")
    assert restored and (restored["old"]["name"], restored["new"]) == ("ana", None)


def test_it_is_found_by_its_own_words_alone(
    incident: Incident, other: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    merge(incident, [other], actor=lee.as_actor(), reason=REASON)
    unmerge(other, actor=lee.as_actor())
    found = sign_in(lee).get("/api/v1/incidents/?q=hr-ws-01").json()["incidents"]
    assert [each["number"] for each in found] == [other.pk]


def test_the_page_and_the_notice_take_it_back(
    incident: Incident, other: Incident, third: Incident, lee: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(lee)
    data = {"incident": [incident.pk, other.pk, third.pk], "target": incident.pk, "reason": REASON}
    answer = client.post(reverse("incidents:merge"), data, headers={"HX-Request": "true"})
    undo = f"/incidents/{incident.pk}/unmerge/{Merge.objects.get(source=other).batch}/"
    assert undo in answer["HX-Trigger"]
    client.post(reverse("incidents:unmerge", args=[other.pk]))
    assert fresh(other).is_open
    assert client.post(undo).status_code == 302
    assert fresh(third).is_open
    assert client.post(undo).status_code == 409
    assert client.post(reverse("incidents:unmerge", args=[other.pk])).status_code == 409
    script = client.post(f"/api/v1/incidents/{other.pk}/unmerge/", {}, content_type="application/json")
    assert (script.status_code, script.json()["errors"][0]["field"]) == (409, "source")


def test_a_whole_merge_comes_apart_at_once(incident: Incident, other: Incident, third: Incident, lee: User) -> None:
    merge(incident, [other, third], actor=lee.as_actor(), reason=REASON)
    batch = Merge.objects.filter(target=incident)[0].batch
    assert {each.pk for each in unmerge_all(incident, batch, actor=lee.as_actor())} == {other.pk, third.pk}


# --------------------------------------------------------------------------------------------------------- never merged


def state(incident: Incident) -> dict[str, Any]:
    """All that people see of an incident, but for its version and the times of its row."""
    return {
        "name": (incident.name, incident.name_is_manual),
        "severity": (incident.severity, incident.severity_is_manual),
        "status": (incident.status, incident.redirected_to_id),
        "finding": (incident.classification, incident.determination),
        "assignee": str(incident.assignee),
        "due": incident.due_at,
        "tags": (tags_of(incident), incident.tag_ids),
        "alerts": sorted(
            incident.alerts.values_list("external_id", "status", "classification", "assignee_user__username")
        ),
        "counts": (incident.alerts_total, incident.alerts_active, incident.tasks_total, incident.tasks_open),
        "facets": incident.facets,
        "assets": incident.asset_counts,
        "priority": incident.priority,
        "tasks": sorted(incident.tasks.values_list("title", flat=True)),
        "followers": sorted(incident.followers.values_list("user__username", flat=True)),
        "said": list(
            Entry.objects.of_incident(incident.pk).comments().order_by("sequence").values_list("body__text", flat=True)
        ),
    }


NAMES = ["one", "two", "three"]
EDIT = st.one_of(
    st.tuples(st.just("tag"), st.sampled_from(NAMES)),
    st.tuples(st.just("untag"), st.sampled_from(NAMES)),
    st.tuples(st.just("name"), st.sampled_from(["Quiet", "Loud"])),
    st.tuples(st.just("severity"), st.sampled_from(list(Severity))),
    st.tuples(st.just("finding"), st.sampled_from(["phishing", "malware", "other"])),
    st.tuples(st.just("assign"), st.sampled_from(["ana", "lee", "rio", ""])),
    st.tuples(st.just("comment"), st.just("Seen.")),
    st.tuples(st.just("resolve_alert"), st.just("")),
    st.tuples(st.just("task"), st.sampled_from(["Call", "Isolate"])),
    st.tuples(st.just("due"), st.sampled_from([None, SOON, SOON + timedelta(days=1)])),
    st.tuples(st.just("follow"), st.just("")),
)
PLACE = st.integers(0, 3)
BEFORE = st.lists(st.tuples(PLACE, EDIT), max_size=6)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), PLACE, EDIT),
        st.tuples(st.just("merge"), PLACE, st.sets(PLACE, min_size=1, max_size=3)),
        st.tuples(st.just("unmerge"), PLACE, st.none()),
        st.tuples(st.just("move"), PLACE, PLACE),
    ),
    max_size=7,
)


class World:
    """Four incidents, of two alerts each, that are merged; and their twins, that never are."""

    def __init__(self, people: dict[str, User], *, is_twin: bool) -> None:
        self.people, self.lee, self.is_twin = people, people["lee"], is_twin
        self.has_begun = False
        """Whether the two may differ by now."""
        prefix = "t" if is_twin else "m"
        self.incidents: list[Incident] = []
        for number in range(4):
            found = opened(
                *(
                    alert(
                        f"{prefix}{number}{letter}",
                        title=f"Alert {number}{letter}",
                        severity=Severity(1 + (number + position) % 3),
                        entities=(device(f"{prefix}-{number}"),),
                    )
                    for position, letter in enumerate("ab")
                )
            )
            self.incidents.append(found)
        self.prefix = prefix

    def edit(self, place: int, kind: str, value: Any, alerts: list[str]) -> None:
        """One edit of the incident at a place; what an edit does to alerts, it does to those named."""
        incident, actor = fresh(self.incidents[place]), self.lee.as_actor()
        if kind == "tag":
            change_tags(incident, add=[value], actor=actor)
        elif kind == "untag":
            change_tags(incident, remove=[value], actor=actor)
        elif kind == "name":
            rename(incident, value, actor=actor)
        elif kind == "severity":
            # what is a change in the other world has to be one here
            if self.is_twin and self.has_begun and incident.severity == value and not incident.severity_is_manual:
                set_severity(incident, Severity(1 + value % 4), actor=actor)
            set_severity(incident, value, actor=actor)
        elif kind == "finding":
            classify(incident, Classification.TRUE_POSITIVE, Determination(value), actor=actor)
        elif kind == "assign":
            self._assign(incident, value, alerts)
        elif kind == "comment":
            add_comment(incident, value, actor=actor)
        elif kind == "task":
            add_task(incident, value, assignee=self.people["ana"], due=SOON, actor=actor)
        elif kind == "due":
            set_due(incident, value, actor=actor)
        elif kind == "follow":
            follow(incident, actor=self.people["rio"].as_actor())
        elif kind == "resolve_alert" and alerts:
            self._resolve(alerts[0])

    def _assign(self, incident: Incident, value: str, alerts: list[str]) -> None:
        """In the twins, to the alerts of other incidents as well: assigning assigns what was merged at that time."""
        actor, person = self.lee.as_actor(), self.people.get(value)
        if person:
            assign(incident, person, actor=actor)
        else:
            unassign(incident, actor=actor)
        if self.is_twin:
            Alert.objects.filter(external_id__in=[self.prefix + name for name in alerts]).update(assignee_user=person)

    def _resolve(self, name: str) -> None:
        row = self.alert(name)
        set_alert_status(row.incident, [row.pk], AlertStatus.RESOLVED, actor=self.lee.as_actor())

    def alert(self, name: str) -> Alert:
        return Alert.objects.select_related("incident").get(external_id=self.prefix + name)

    def alerts_at(self, place: int) -> list[str]:
        """The alerts of an incident, without the letter that tells the worlds apart."""
        names = self.incidents[place].alerts.order_by("external_id").values_list("external_id", flat=True)
        return [name[1:] for name in names]


class _Undo(Exception):
    """Ends an example: nothing of it is kept."""


def examples() -> int:
    return int(os.environ.get("MERGE_EXAMPLES", "6"))


@pytest.mark.django_db
@settings(
    max_examples=examples(),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=BEFORE, acts=ACTS)
def test_after_any_merges_and_edits_taken_back_all_is_as_if_never_merged(
    ana: User, lee: User, rio: User, before: list[Any], acts: list[Any]
) -> None:
    people = {"ana": ana, "lee": lee, "rio": rio}
    with pytest.raises(_Undo), transaction.atomic():
        merged, twin = World(people, is_twin=False), World(people, is_twin=True)
        for place, (kind, value) in before:
            alerts = merged.alerts_at(place)
            if kind != "resolve_alert" or may_resolve(merged, twin, alerts[0]):
                for world in (merged, twin):
                    world.edit(place, kind, value, alerts)
        merged.has_begun = twin.has_begun = True
        for act, place, value in acts:
            play(merged, twin, act, place, value)
        for row in Merge.objects.filter(unmerged_at=None).order_by("-pk"):
            unmerge(row.source, actor=lee.as_actor())
        for one, never in zip(merged.incidents, twin.incidents, strict=True):
            assert comparable(one) == comparable(never)
        everything = [fresh(each) for world in (merged, twin) for each in world.incidents]
        assert differences(everything) == []
        assert verify().breaks == ()
        raise _Undo


def play(merged: World, twin: World, act: str, place: int, value: Any) -> None:
    """One act in the world with merges; in the twins the same, but for the merging."""
    actor = merged.lee.as_actor()
    incident = fresh(merged.incidents[place])
    if act == "unmerge":
        try:
            unmerge(incident, actor=actor)
        except Refused:
            return
    elif incident.status == IncidentStatus.REDIRECTED:
        return
    elif act == "merge":
        sources = [fresh(merged.incidents[number]) for number in value if number != place]
        people = {each.assignee.username for each in (incident, *sources) if isinstance(each.assignee, User)}
        choices = [*sorted(people), NOBODY]
        found = {f"{each.classification}/{each.determination}" for each in (incident, *sources)} - {"not_set/not_set"}
        choice = Choice(choices[place % len(choices)], sorted(found)[place % len(found)] if found else "")
        try:
            merge(incident, sources, actor=actor, reason=REASON, choice=choice)
        except Refused:
            return
    elif act == "move":
        to = fresh(merged.incidents[value])
        if to.status == IncidentStatus.REDIRECTED or incident.alerts_total < 2 or place == value:
            return
        name = merged.alerts_at(place)[0]
        home = twin.alert(name).incident
        if home.alerts_total > 1 or home == twin.incidents[value]:
            _move(merged, name, to)
            _move(twin, name, fresh(twin.incidents[value]))
    else:
        kind, what = value
        alerts = merged.alerts_at(place)
        if kind == "resolve_alert" and not may_resolve(merged, twin, alerts[0]):
            return
        entries = Entry.objects.of_incident(incident.pk)
        known = entries.count()
        merged.edit(place, kind, what, alerts)
        if entries.count() > known:
            twin.edit(place, kind, what, alerts)


def may_resolve(merged: World, twin: World, name: str) -> bool:
    """Whether another alert stays active in both: the last one would resolve its incident, in one world only."""
    return all(world.alert(name).incident.alerts_active > 1 for world in (merged, twin))


def _move(world: World, name: str, to: Incident) -> None:
    move_alerts([world.alert(name).pk], to, actor=world.lee.as_actor(), comment="It belongs there.")


def comparable(incident: Incident) -> dict[str, Any]:
    """The state without what tells the two worlds apart."""
    found = state(fresh(incident))
    found["alerts"] = [(name[1:], *rest) for name, *rest in found["alerts"]]
    found["tags"] = found["tags"][0]
    return found
