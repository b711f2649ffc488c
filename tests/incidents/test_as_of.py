"""An incident as it was, rebuilt from its log alone: at every moment equal to what its rows were."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import AlertStatus, Classification, Severity, Verdict
from alerts.commands import assignee_value
from alerts.models import Alert, Evidence
from common.errors import Refused
from entities.identity import ip
from incidents.as_it_was.difference import differences
from incidents.as_it_was.state import State
from incidents.changes import KEEP, Changes, TaskChanges
from incidents.choices import IncidentStatus, TaskState
from incidents.commands import (
    add_comment,
    add_evidence,
    add_task,
    apply_changes,
    change_task,
    judge_evidence,
    lift_restriction,
    merge,
    move_alerts,
    move_task,
    remove_evidence,
    remove_task,
    reopen,
    restrict,
    set_alert_status,
    set_due,
    snooze,
    take_back,
    unmerge,
)
from incidents.commands.restriction import words_of_members
from incidents.models import Incident, Merge, Task
from incidents.queries.as_of import moment, state_at
from tests.conftest import NOON, alert, device, opened

EXAMPLES = int(os.environ.get("AS_OF_EXAMPLES", "1"))
STEPS = int(os.environ.get("AS_OF_STEPS", "30"))


def present(incident: Incident) -> dict[str, Any]:
    """An incident as its rows have it now, in the words of the log."""
    incident = Incident.objects.select_related("assignee_user", "assignee_team").get(pk=incident.pk)
    is_merged = incident.status == IncidentStatus.REDIRECTED
    into = Merge.objects.filter(source=incident, unmerged_at__isnull=True).values_list("target", flat=True).first()
    tasks = Task.objects.of_incident(incident.pk).select_related("assignee_user", "assignee_team")
    by_hand = Evidence.objects.filter(incident_number=incident.pk, alert__isnull=True)
    return {
        "name": incident.name,
        "severity": Severity(incident.severity).slug,
        "status": IncidentStatus(incident.status).slug,
        "classification": incident.classification,
        "determination": incident.determination,
        "assignee": assignee_value(incident.assignee_user, incident.assignee_team),
        "tags": sorted((tag.name for tag in incident.tags.all()), key=str.lower),
        "due": incident.due_at,
        "snoozed": incident.snoozed_until,
        "restricted": incident.restricted,
        "members": words_of_members(incident),
        "note": incident.resolution_note,
        "merged_into": into if is_merged else None,
        "categories": incident.categories,
        "sources": incident.service_sources,
        "assets": incident.asset_counts,
        "alerts": {
            each.pk: (each.title, Severity(each.severity).slug, AlertStatus(each.status).slug)
            for each in Alert.objects.of_incident(incident.pk)
        },
        "alerts_active": incident.alerts_active,
        "tasks": [
            (each.pk, each.title, str(each.state), assignee_value(each.assignee_user, each.assignee_team), each.due_at)
            for each in tasks
        ],
        "by_hand": set(by_hand.values_list("entity", flat=True)),
    }


def told(state: State) -> dict[str, Any]:
    """The same of a state."""
    values = state.values
    return {
        **{name: values[name] for name in ("name", "severity", "status", "classification", "determination")},
        "assignee": values["assignee"],
        "tags": sorted(values["tags"], key=str.lower),
        "due": _time(values["due_at"]),
        "snoozed": _time(values["snoozed_until"]),
        "restricted": values["restricted"],
        "members": values["members"],
        "note": state.note,
        "merged_into": state.merged_into,
        "categories": values["categories"],
        "sources": values["service_sources"],
        "assets": values["asset_counts"],
        "alerts": {number: (each.title, each.severity, each.status) for number, each in state.alerts.items()},
        "alerts_active": state.alerts_active,
        "tasks": [
            (number, task.title, task.state, task.assignee, _time(task.due_at))
            for number, task in ((number, state.tasks[number]) for number in state.shown_tasks)
        ],
        "by_hand": {number for number, piece in state.evidence.items() if piece.by_hand},
    }


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class World:
    """Some incidents to which anything may happen, and how they were after each act."""

    def __init__(self, seed: int, people: list[User], team: Team) -> None:
        self.random, self.people, self.team = random.Random(seed), people, team
        self.serial, self.acts, self.was = 0, [], {}
        for number in range(3):
            self.arrives(number)

    def arrives(self, number: int) -> None:
        """An alert of a device of its own, or one more of a device that is known."""
        self.serial += 1
        words = self.random.choice(["Encoded command", "Shadow copies deleted", "Beacon"])
        opened(
            alert(
                f"w{self.serial}",
                title=words,
                severity=self.random.choice(list(Severity)),
                entities=(device(f"host-{number}"),),
                categories=("execution",),
                at=NOON + timedelta(minutes=self.serial),
            )
        )

    def step(self) -> None:
        """One act of somebody on something; what is refused changes nothing."""
        choose, actor = self.random.choice, self.random.choice(self.people).as_actor()
        incidents = list(Incident.objects.order_by("pk"))
        working = [each for each in incidents if each.is_open and each.alerts_total] or incidents
        incident, other = choose([*incidents, *working, *working]), choose(working)
        merged = [each for each in incidents if each.redirected_to_id] or incidents
        batch, incidents_pk = uuid4(), [each.pk for each in incidents]
        tasks = list(Task.objects.filter(removed_at__isnull=True).order_by("pk"))
        alerts = list(incident.alerts.order_by("pk"))
        entities = list(Evidence.objects.filter(incident_number=incident.pk).values_list("entity", flat=True))
        assignee = choose([*self.people, self.team, None, KEEP])
        changes = Changes(
            name=choose([None, f"Named {self.serial}"]),
            severity=choose([None, *Severity]),
            status=choose([None, None, IncidentStatus.ACTIVE, IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED]),
            resolution_note=f"Note {self.serial}",
            add_tags=choose([(), ("wave",), ("Vip", "kept")]),
            remove_tags=choose([(), ("wave",)]),
            classification=choose([None, Classification.FALSE_POSITIVE, Classification.NOT_SET]),
            assignee=assignee,
        )
        of_task = TaskChanges(title=f"Task {self.serial}", state=choose(list(TaskState)), assignee=assignee)
        later = timezone.now() + timedelta(days=self.random.randint(1, 9))
        acts: list[Callable[[], object]] = [
            lambda: apply_changes(incident, changes, actor=actor, batch=batch),
            lambda: apply_changes(incident, changes, actor=actor, batch=batch),
            lambda: reopen(incident, actor=actor, batch=batch),
            lambda: restrict(incident, [*self.people, self.team], actor=actor),
            lambda: next(lift_restriction(each, actor=actor) for each in incidents if each.restricted),
            lambda: snooze(incident, later, actor=actor, batch=batch),
            lambda: set_due(incident, choose([later, None]), actor=actor, batch=batch),
            lambda: add_comment(incident, "Words.", actor=actor),
            lambda: add_task(incident, f"Task {self.serial}", due=later, actor=actor, batch=batch),
            lambda: tasks and change_task(choose(tasks), of_task, actor=actor, batch=batch),
            lambda: tasks and move_task(choose(tasks), up=choose([True, False]), actor=actor, batch=batch),
            lambda: tasks and remove_task(choose(tasks), actor=actor, batch=batch),
            lambda: judge_evidence(incident, entities[:1], Judgement(choose(list(Verdict))), actor=actor, batch=batch),
            lambda: add_evidence(incident, [ip(f"203.0.113.{self.serial % 200}")], actor=actor, batch=batch),
            lambda: remove_evidence(incident, entities, actor=actor, batch=batch),
            lambda: alerts and set_alert_status(incident, [choose(alerts).pk], choose(list(AlertStatus)), actor=actor),
            lambda: merge(incident, [other], actor=actor, reason="Alike.", batch=batch),
            lambda: merge(incident, [other], actor=actor, reason="Alike.", batch=batch),
            lambda: unmerge(choose(merged), actor=actor),
            lambda: alerts and move_alerts([choose(alerts).pk], choose([other, None]), actor=actor, comment="Away."),
            *[lambda: self.acts and take_back(incidents_pk, self.acts.pop(), actor=actor)] * 3,
            lambda: self.arrives(self.random.randint(0, 3)),
        ]
        self.serial += 1
        with suppress(Refused, IndexError, StopIteration):
            choose(acts)()
        if Entry.objects.filter(batch=batch, incident__isnull=False).exists():
            self.acts.append(batch)

    def look(self) -> None:
        """Compare the incidents that were touched with what their logs tell now, and remember them."""
        for incident in Incident.objects.order_by("pk"):
            last = Entry.objects.of_incident(incident.pk).order_by("-sequence")[0]
            if (incident.pk, last.pk) in self.was:
                continue
            now = present(incident)
            assert told(state_at(moment(incident.pk, "entry", str(last.pk)))) == now, (incident, last)
            self.was[incident.pk, last.pk] = now


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_the_log_tells_the_state_at_every_moment(seed: int, ana: User, lee: User, tier2: Team) -> None:
    world = World(seed, [ana, lee], tier2)
    world.look()
    for _ in range(STEPS):
        world.step()
        world.look()
    for (number, entry), was in world.was.items():
        assert told(state_at(moment(number, "entry", str(entry)))) == was


@pytest.fixture
def worked(incident: Incident, ana: User, lee: User) -> Incident:
    """An incident that was named, taken on, tagged and resolved."""
    apply_changes(incident, Changes(name="Loader", assignee=ana, add_tags=("wave",)), actor=lee.as_actor())
    add_task(incident, "Image the disk", actor=ana.as_actor())
    apply_changes(
        incident, Changes(status=IncidentStatus.RESOLVED, resolution_note="Cleaned *twice*."), actor=ana.as_actor()
    )
    return incident


def entry_of(incident: Incident, verb: str) -> Entry:
    return Entry.objects.filter(incident=incident, verb=verb).order_by("sequence")[0]


def test_the_page_shows_it_as_it_was(worked: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    client, path = sign_in(vic), reverse("incidents:as_of", args=[worked.pk])
    then = client.get(path, {"entry": entry_of(worked, "task.added").pk}).content.decode()
    for words in ("As of ", "Ana Ruiz added the task “Image the disk”", "<h1>Loader</h1>", "2 active of 2", "wave"):
        assert words in then
    assert "Cleaned" not in then
    now = client.get(path).content.decode()
    assert "Cleaned <em>twice</em>." in now
    assert "0 active of 2" in now
    first = client.get(path, {"entry": entry_of(worked, "incident.opened").pk}).content.decode()
    assert "<h1>Multi-stage incident" in first
    assert "Before" not in first
    early = client.get(path, {"at": "2020-01-01T00:00"})
    assert (early.status_code, "it was opened at" in early.content.decode()) == (400, True)
    for query in ({"at": "half past"}, {"entry": 10**15}, {"from": "1e5"}, {"form": "1"}, {"at": "9999-12-31T23:59"}):
        answer = client.get(path, query)
        assert answer.status_code == (200 if "9999" in str(query) else 400), query


def test_two_moments_are_compared_in_words_and_as_a_table(
    worked: Incident, vic: User, sign_in: Callable[[User], Client]
) -> None:
    client, path = sign_in(vic), reverse("incidents:as_of", args=[worked.pk])
    page = client.get(path, {"from": entry_of(worked, "incident.opened").pk}).content.decode()
    for words in (
        "The name went from Multi-stage incident involving",
        "The status went from Active to Resolved.",
        "The assignee was set: Ana Ruiz.",
        "The tags gained wave.",
        "1 task came: “Image the disk”.",
        "2 alerts changed: “Encoded command” and “Shadow copies deleted”.",
        "Encoded command: Medium, resolved",
    ):
        assert words in page, words
    begin, end = (moment(worked.pk, "from", str(entry_of(worked, name).pk)) for name in ("task.added", "task.added"))
    assert differences(state_at(begin), state_at(end)) == []


def test_programs_ask_for_moments_too(worked: Incident, client: Client) -> None:
    _, key = create_token("script", actor=SYSTEM, role="reader")
    path = f"/api/v1/incidents/{worked.pk}/as-of/"

    def asked(**query: Any) -> Any:
        return client.get(path, query, headers={"Authorization": f"Bearer {key}"}).json()

    added = entry_of(worked, "task.added")
    then = asked(entry=added.pk)
    assert then["moment"]["entry"] == added.pk
    assert (then["state"]["name"], then["state"]["alerts_active"]) == ("Loader", 2)
    assert then["state"]["tasks"][0]["title"] == "Image the disk"
    assert asked(at=added.recorded_at.isoformat() if added.recorded_at else "")["state"] == then["state"]
    between = asked(**{"from": added.pk, "to": "now"})
    assert {each["field"] for each in between["differences"]} == {"status", "resolution_note", "alerts"}
    assert asked(at="then")["errors"][0]["field"] == "at"
    assert asked(to="now")["errors"][0]["field"] == "to"
    assert asked(at="now", entry=added.pk)["errors"][0]["field"] == "at"
