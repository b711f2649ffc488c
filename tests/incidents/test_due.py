"""The due date of an incident: set with the other fields, seen in the queue, found by filters, told once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from accounts.models import User
from activity.models import Entry
from common.errors import Conflict, Refused
from incidents.changes import Changes, TaskChanges
from incidents.choices import TaskState
from incidents.commands import add_task, apply_changes, apply_to_many, change_task, resolve, set_due, take_back
from incidents.models import BulkAct, Incident
from incidents.queries import bulk
from incidents.queries.queue import asked, queue_page
from tests.conftest import NOON, alert, device, opened

SignIn = Callable[[User], Client]
TOMORROW = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)


@pytest.fixture
def three(db: None) -> list[Incident]:
    return [
        opened(alert(str(number), title=f"Kind {number}", entities=(device(f"host-{number}"),))) for number in range(3)
    ]


def found(query: str, user: User) -> list[int]:
    return sorted(asked(QueryDict(query), user).matching.values_list("pk", flat=True))


def test_it_is_set_changed_and_taken_away(incident: Incident, ana: User) -> None:
    set_due(incident, TOMORROW, actor=ana.as_actor())
    set_due(incident, TOMORROW + timedelta(hours=2), actor=ana.as_actor())
    set_due(incident, None, actor=ana.as_actor())
    changes = [entry.changes[0] for entry in Entry.objects.filter(verb="incident.due_set").order_by("pk")]
    assert [(change["old"], change["new"]) for change in changes] == [
        (None, TOMORROW.isoformat()),
        (TOMORROW.isoformat(), (TOMORROW + timedelta(hours=2)).isoformat()),
        ((TOMORROW + timedelta(hours=2)).isoformat(), None),
    ]


@pytest.mark.parametrize("due", [NOON, TOMORROW.replace(year=2090)], ids=["past", "far"])
def test_a_time_that_makes_no_sense_is_refused(incident: Incident, ana: User, due: datetime) -> None:
    with pytest.raises(Refused) as refused:
        apply_changes(incident, Changes(due=due), actor=ana.as_actor())
    assert refused.value.field == "due"


def test_two_people_who_set_it_differently_meet(incident: Incident, ana: User, lee: User) -> None:
    seen = incident.version
    apply_changes(incident, Changes(due=TOMORROW), actor=lee.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        apply_changes(incident, Changes(due=None), actor=ana.as_actor(), based_on=seen)
    assert (conflict.value.conflicts[0].field, conflict.value.conflicts[0].changed_by) == ("due_at", "Lee Park")
    apply_changes(incident, Changes(due=TOMORROW), actor=ana.as_actor(), based_on=seen)


def test_the_pane_reads_and_shows_it_in_the_persons_zone(ana: User, incident: Incident, sign_in: SignIn) -> None:
    ana.time_zone = "America/New_York"
    ana.save()
    client, page = sign_in(ana), f"/incidents/{incident.pk}/manage/"
    local = TOMORROW.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M")

    def fields() -> dict[str, str]:
        form = client.get(page).content.decode().partition('class="manage"')[2]
        sent = dict(re.findall(r'name="((?:was_)?\w+)"[^>]*?value="([^"]*)"', form))
        return sent | {"severity": sent["was_severity"], "status": "active", "classification": "not_set"}

    assert client.post(page, fields() | {"due": local}).status_code == 302
    incident.refresh_from_db()
    assert incident.due_at == TOMORROW
    assert fields()["due"] == fields()["was_due"] == local
    answer = client.post(page, fields() | {"due": "soon"})
    assert answer.status_code == 422
    assert "Write a date and a time" in answer.content.decode()
    assert client.post(page, fields() | {"due": ""}).status_code == 302
    incident.refresh_from_db()
    assert incident.due_at is None


def test_many_are_given_it_at_once_as_the_preview_says(three: list[Incident], lee: User) -> None:
    set_due(three[0], TOMORROW, actor=lee.as_actor())
    changes = Changes.from_values(Changes(due=TOMORROW).as_values())
    preview = bulk.preview(Incident.objects.visible_to(lee), changes, chosen=3)
    assert (preview.changed, preview.unchanged, preview.fields) == (2, 1, [("Due", 2)])
    results = apply_to_many([each.pk for each in three], changes, actor=lee.as_actor())
    assert sorted(result.outcome for result in results.values()) == ["changed", "changed", "unchanged"]
    assert bulk.preview(Incident.objects.visible_to(lee), Changes(due=None), chosen=3).changed == 3
    assert bulk.in_words(BulkAct(changes=changes.as_values()))[0].startswith("due: ")


def test_it_is_taken_back_with_the_other_fields(incident: Incident, ana: User) -> None:
    set_due(incident, TOMORROW, actor=ana.as_actor())
    batch = uuid4()
    apply_changes(incident, Changes(due=None), actor=ana.as_actor(), batch=batch)
    take_back([incident.pk], batch, actor=ana.as_actor())
    incident.refresh_from_db()
    assert incident.due_at == TOMORROW


def test_lists_are_filtered_by_it(three: list[Incident], ana: User) -> None:
    past, soon, none = three
    Incident.objects.filter(pk=past.pk).update(due_at=NOON)
    set_due(soon, timezone.now() + timedelta(days=2), actor=ana.as_actor())
    assert found("due=overdue", ana) == [past.pk]
    assert found("due=7d", ana) == [soon.pk]
    assert found("due=none", ana) == [none.pk]
    assert found("due=set", ana) == [past.pk, soon.pk]
    assert found("due=overdue&due=none", ana) == [past.pk, none.pk]
    assert found("q=-due:none", ana) == [past.pk, soon.pk]
    assert found("due=today", ana) == []
    resolve(past, actor=ana.as_actor(), note="Done.")
    assert found("due=overdue&status=any", ana) == []


def test_today_is_the_persons_day(incident: Incident, ana: User) -> None:
    with timezone.override("Pacific/Kiritimati"):
        evening = timezone.localtime().replace(hour=23, minute=59, second=0, microsecond=0)
        Incident.objects.filter(pk=incident.pk).update(due_at=evening)
        assert found("due=today", ana) == [incident.pk]
        Incident.objects.filter(pk=incident.pk).update(due_at=evening + timedelta(minutes=1))
        assert found("due=today", ana) == []


def test_lists_are_filtered_by_tasks_and_who_has_them(three: list[Incident], ana: User, lee: User) -> None:
    some, done, none = three
    task = add_task(some, "Reimage", assignee=ana, actor=lee.as_actor())
    add_task(some, "Call", actor=lee.as_actor())
    change_task(
        add_task(done, "Reimage", assignee=ana, actor=lee.as_actor()),
        TaskChanges(state=TaskState.SKIPPED),
        actor=lee.as_actor(),
    )
    assert found("tasks=open", ana) == [some.pk]
    assert found("tasks=done", ana) == [done.pk]
    assert found("tasks=none", ana) == [none.pk]
    assert found("task_assignee=me", ana) == [some.pk]
    assert found("task_assignee=unassigned", ana) == [some.pk]
    assert found("task_assignee=lee", ana) == []
    change_task(task, TaskChanges(state=TaskState.COMPLETED), actor=lee.as_actor())
    assert found("task_assignee=me", ana) == []


def test_the_soonest_stand_first_and_those_without_last_page_by_page(three: list[Incident], ana: User) -> None:
    set_due(three[2], TOMORROW, actor=ana.as_actor())
    set_due(three[0], TOMORROW + timedelta(hours=1), actor=ana.as_actor())
    wanted = [three[2].pk, three[0].pk, three[1].pk]
    page = queue_page(QueryDict("sort=due"), ana, "/incidents/")
    assert [row.number for row in page.rows] == wanted
    page = queue_page(QueryDict("sort=-due"), ana, "/incidents/")
    assert [row.number for row in page.rows] == wanted[::-1]


def test_the_queue_shows_what_is_overdue_in_words(incident: Incident, ana: User, sign_in: SignIn) -> None:
    add_task(incident, "Reimage", actor=ana.as_actor())
    Incident.objects.filter(pk=incident.pk).update(due_at=NOON)
    html = sign_in(ana).get("/incidents/?columns=name,due,tasks").content.decode()
    assert re.search(r'due-overdue">.*?Overdue <time', html)
    assert '0<span class="faint"> / 1</span>' in html
    assert re.search(r'href="[^"]*sort=due[^"]*"', html)
    resolve(incident, actor=ana.as_actor(), note="Done.")
    html = sign_in(ana).get("/incidents/?columns=name,due&status=any").content.decode()
    assert "due-overdue" not in html
