"""Tasks on an incident: what is still to be done, by whom, until when."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import Team, User
from activity.models import Entry
from activity.queries import stream
from activity.wording import shown_changes
from common.errors import Conflict, Refused
from incidents import summary
from incidents.changes import Item, TaskChanges
from incidents.choices import IncidentStatus, NoticeReason, Outcome, TaskState
from incidents.commands import (
    add_task,
    apply_task_template,
    assign,
    change_task,
    move_task,
    remove_task,
    restrict,
    save_task_template,
    take_back,
)
from incidents.models import Incident, Notice, Task
from incidents.queries.notices import notices_page
from incidents.rules.tasks import MOST_TASKS
from incidents.tasks import tell_what_is_overdue
from tests.conftest import NOON

TOMORROW = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)


def titles(incident: Incident) -> list[str]:
    return [task.title for task in Task.objects.of_incident(incident.pk)]


def counts(incident: Incident) -> tuple[int, int]:
    incident.refresh_from_db()
    assert summary.differences([incident]) == []
    return incident.tasks_open, incident.tasks_total


def log_of(incident: Incident) -> list[str]:
    return [line.sentence for line in stream(incident.pk).lines][::-1]


def test_tasks_stand_in_the_order_they_were_added_and_are_counted(incident: Incident, ana: User) -> None:
    first = add_task(incident, "  Isolate   the host ", actor=ana.as_actor())
    add_task(incident, "Call the owner", actor=ana.as_actor())
    assert titles(incident) == ["Isolate the host", "Call the owner"]
    assert counts(incident) == (2, 2)
    change_task(first, TaskChanges(state=TaskState.COMPLETED), actor=ana.as_actor())
    assert counts(incident) == (1, 2)
    first.refresh_from_db()
    assert first.closed_by == "Ana Ruiz"
    assert first.closed_at is not None
    remove_task(first, actor=ana.as_actor())
    assert counts(incident) == (1, 1)


def test_an_open_task_has_not_been_closed_by_anybody(incident: Incident, ana: User) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    change_task(task, TaskChanges(state=TaskState.SKIPPED, closing_note="No need"), actor=ana.as_actor())
    change_task(task, TaskChanges(state=TaskState.NEW), actor=ana.as_actor())
    task.refresh_from_db()
    assert (task.closed_at, task.closed_by, task.closing_note) == (None, "", "No need")
    assert log_of(incident)[-2:] == ["skipped the task “Reimage”", "opened the task “Reimage” again"]


def test_the_log_has_old_and_new_values_and_the_texts(incident: Incident, ana: User, tier2: Team) -> None:
    task = add_task(incident, "Reimage", description="From the **gold** image.", actor=ana.as_actor())
    changes = TaskChanges(title="Reimage FIN-WS-17", assignee=tier2, due=TOMORROW, description="Ask first.")
    change_task(task, changes, actor=ana.as_actor())
    entry = Entry.objects.of_incident(incident.pk).filter(verb="task.changed").select_related("body").get()
    assert [change["field"] for change in shown_changes(entry)] == ["title", "assignee", "due date"]
    assert shown_changes(entry)[0] == {"field": "title", "old": "Reimage", "new": "Reimage FIN-WS-17"}
    assert entry.body is not None
    assert entry.body.text == "Ask first."
    assert "gold" in str(stream(incident.pk).lines[1].body)


def test_a_task_moves_up_and_down_and_stays_at_the_ends(incident: Incident, ana: User) -> None:
    tasks = [add_task(incident, title, actor=ana.as_actor()) for title in "abc"]
    move_task(tasks[2], up=True, actor=ana.as_actor())
    assert titles(incident) == ["a", "c", "b"]
    move_task(tasks[0], up=False, actor=ana.as_actor())
    assert titles(incident) == ["c", "a", "b"]
    entries = Entry.objects.count()
    move_task(tasks[2], up=True, actor=ana.as_actor())
    move_task(tasks[1], up=False, actor=ana.as_actor())
    assert (titles(incident), Entry.objects.count()) == (["c", "a", "b"], entries)
    assert log_of(incident)[-1] == "moved the task “a” down"


def test_two_people_change_different_fields_and_never_the_same_unseen(incident: Incident, ana: User, lee: User) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    incident.refresh_from_db()
    seen = incident.version
    change_task(task, TaskChanges(title="Reimage FIN-WS-17"), actor=lee.as_actor(), based_on=seen)
    change_task(task, TaskChanges(due=TOMORROW), actor=ana.as_actor(), based_on=seen)
    with pytest.raises(Conflict) as conflict:
        change_task(task, TaskChanges(title="Wipe", state=TaskState.COMPLETED), actor=ana.as_actor(), based_on=seen)
    (one,) = conflict.value.conflicts
    assert (one.field, one.theirs, one.mine, one.changed_by) == ("title", "Reimage FIN-WS-17", "Wipe", "Lee Park")
    task.refresh_from_db()
    assert (task.title, task.due_at, task.state) == ("Reimage FIN-WS-17", TOMORROW, TaskState.NEW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (TaskChanges(title=" "), "title"),
        (TaskChanges(title="x" * 201), "title"),
        (TaskChanges(title="a\x00b"), "title"),
        (TaskChanges(description="x" * 10_001), "description"),
        (TaskChanges(closing_note="\x00"), "closing_note"),
        (TaskChanges(due=NOON), "due"),
        (TaskChanges(due=TOMORROW.replace(year=2090)), "due"),
    ],
)
def test_what_a_task_cannot_be_is_refused_with_a_sentence(
    incident: Incident, ana: User, changes: TaskChanges, field: str
) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    with pytest.raises(Refused) as refused:
        change_task(task, changes, actor=ana.as_actor())
    assert refused.value.field == field


def test_a_reader_is_given_no_task(incident: Incident, ana: User, vic: User) -> None:
    with pytest.raises(Refused, match="Vic Moreau may not work on incidents"):
        add_task(incident, "Reimage", assignee=vic, actor=ana.as_actor())


def test_a_task_of_a_restricted_incident_is_given_to_nobody_who_would_not_see_it(
    incident: Incident, ana: User, lee: User, rio: User
) -> None:
    task = add_task(incident, "Reimage", assignee=rio, actor=ana.as_actor())
    change_task(task, TaskChanges(assignee=None), actor=ana.as_actor(), batch=(act := uuid4()))
    Notice.objects.all().delete()
    restrict(incident, [ana, lee], actor=lee.as_actor())
    with pytest.raises(Refused, match="Rio Sato does not see this restricted incident"):
        add_task(incident, "Call", assignee=rio, actor=ana.as_actor())
    with pytest.raises(Refused, match="Rio Sato does not see this restricted incident"):
        change_task(task, TaskChanges(assignee=rio), actor=ana.as_actor())
    assert "does not see this restricted" in take_back([incident.pk], act, actor=ana.as_actor())[incident.pk].reason
    assert not Notice.objects.filter(user=rio).exists()


def test_a_removed_task_can_no_longer_be_worked_on(incident: Incident, ana: User) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor())
    remove_task(task, actor=ana.as_actor())
    with pytest.raises(Refused, match="removed meanwhile"):
        change_task(task, TaskChanges(state=TaskState.COMPLETED), actor=ana.as_actor())


def test_an_incident_that_was_merged_away_takes_no_tasks(incident: Incident, ana: User) -> None:
    Incident.objects.filter(pk=incident.pk).update(status=IncidentStatus.REDIRECTED, redirected_to=incident)
    with pytest.raises(Refused, match="merged"):
        add_task(incident, "Reimage", actor=ana.as_actor())


def test_an_incident_has_at_most_so_many_tasks(incident: Incident, ana: User) -> None:
    Task.objects.bulk_create(Task(incident=incident, title=str(each), position=each) for each in range(MOST_TASKS))
    Incident.objects.filter(pk=incident.pk).update(tasks_total=MOST_TASKS)
    with pytest.raises(Refused, match="at most 200 tasks"):
        add_task(incident, "One more", actor=ana.as_actor())


# Templates


def test_a_template_is_applied_behind_what_is_there_and_no_task_twice(incident: Incident, ana: User) -> None:
    items = [Item("Isolate the host", "At once.", 4), Item("Reimage"), Item("Tell the owner")]
    template = save_task_template("Malware", items, actor=ana.as_actor())
    add_task(incident, "isolate  THE host", actor=ana.as_actor())
    came = apply_task_template(incident, template, actor=ana.as_actor())
    assert titles(incident) == ["isolate THE host", "Reimage", "Tell the owner"]
    assert [task.title for task in came] == ["Reimage", "Tell the owner"]
    assert apply_task_template(incident, template, actor=ana.as_actor()) == []
    assert counts(incident) == (3, 3)
    assert "added 2 tasks from the template “Malware”" in log_of(incident)


def test_hours_of_a_template_become_a_due_date(incident: Incident, ana: User) -> None:
    template = save_task_template("Malware", [Item("Isolate the host", due_hours=4)], actor=ana.as_actor())
    (task,) = apply_task_template(incident, template, actor=ana.as_actor())
    assert task.due_at is not None
    assert timedelta(hours=3, minutes=58) < task.due_at - timezone.now() <= timedelta(hours=4)


@pytest.mark.parametrize(
    ("name", "items", "field"),
    [
        ("", [Item("a")], "name"),
        ("malware", [Item("a")], "name"),
        ("Other", [], "items"),
        ("Other", [Item("a"), Item("A ")], "items"),
        ("Other", [Item("a", due_hours=9_000)], "items"),
        ("Other", [Item(str(each)) for each in range(51)], "items"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(ana: User, name: str, items: list[Item], field: str) -> None:
    save_task_template("Malware", [Item("a")], actor=ana.as_actor())
    with pytest.raises(Refused) as refused:
        save_task_template(name, items, actor=ana.as_actor())
    assert refused.value.field == field


# The bell


def test_whom_a_task_is_given_to_is_told(incident: Incident, ana: User, lee: User) -> None:
    add_task(incident, "Reimage", assignee=ana, actor=lee.as_actor())
    assert Notice.objects.get(user=ana).reason == NoticeReason.ASSIGNED
    assert notices_page(ana).groups[0].title == "Lee Park assigned the task “Reimage” to you"


def test_what_is_overdue_is_said_once_to_whoever_has_it(incident: Incident, ana: User, lee: User, tier2: Team) -> None:
    assign(incident, lee, actor=ana.as_actor())
    task = add_task(incident, "Reimage", assignee=tier2, actor=lee.as_actor())
    Notice.objects.all().delete()
    Task.objects.filter(pk=task.pk).update(due_at=NOON)
    Incident.objects.filter(pk=incident.pk).update(due_at=NOON)
    for _ in range(2):
        tell_what_is_overdue()
    overdue = Notice.objects.filter(reason=NoticeReason.OVERDUE)
    assert sorted(overdue.values_list("user__username", "entry__verb")) == [
        ("ana", "task.overdue"),
        ("lee", "incident.overdue"),
        ("rio", "task.overdue"),
    ]
    assert notices_page(ana).groups[0].title == "The task “Reimage” is overdue"
    change_task(task, TaskChanges(due=TOMORROW), actor=lee.as_actor())
    Task.objects.filter(pk=task.pk).update(due_at=NOON)
    tell_what_is_overdue()
    assert Entry.objects.filter(verb="task.overdue").count() == 2


def test_of_what_is_done_nothing_is_overdue(incident: Incident, ana: User) -> None:
    task = add_task(incident, "Reimage", assignee=ana, actor=ana.as_actor())
    change_task(task, TaskChanges(state=TaskState.COMPLETED), actor=ana.as_actor())
    Task.objects.filter(pk=task.pk).update(due_at=NOON)
    tell_what_is_overdue()
    assert not Entry.objects.filter(verb="task.overdue").exists()


# Undo


def test_a_change_is_taken_back_where_nobody_has_touched_it_since(incident: Incident, ana: User, lee: User) -> None:
    task = add_task(incident, "Reimage", description="First.", assignee=ana, actor=lee.as_actor())
    changes = TaskChanges(title="Wipe", description="Second.", assignee=None, state=TaskState.COMPLETED)
    change_task(task, changes, actor=lee.as_actor(), batch=(act := uuid4()))
    change_task(task, TaskChanges(title="Wipe it"), actor=ana.as_actor())
    result = take_back([incident.pk], act, actor=lee.as_actor())[incident.pk]
    task.refresh_from_db()
    assert (task.title, task.description, task.assignee, task.state, task.closed_at) == (
        "Wipe it", "First.", ana, TaskState.NEW, None,
    )  # fmt: skip
    assert result.outcome == Outcome.CHANGED
    assert result.reason == "Left as it is: title of the task “Wipe it”, which Ana Ruiz has changed since"
    assert counts(incident) == (1, 1)


def test_adding_and_removing_are_taken_back(incident: Incident, ana: User) -> None:
    task = add_task(incident, "Reimage", actor=ana.as_actor(), batch=(added := uuid4()))
    remove_task(task, actor=ana.as_actor(), batch=(removed := uuid4()))
    take_back([incident.pk], removed, actor=ana.as_actor())
    assert (titles(incident), counts(incident)) == (["Reimage"], (1, 1))
    take_back([incident.pk], added, actor=ana.as_actor())
    assert (titles(incident), counts(incident)) == ([], (0, 0))


def test_a_template_is_taken_back_but_for_what_was_worked_on(incident: Incident, ana: User, lee: User) -> None:
    template = save_task_template("Malware", [Item("a"), Item("b")], actor=ana.as_actor())
    first, _ = apply_task_template(incident, template, actor=ana.as_actor(), batch=(act := uuid4()))
    change_task(first, TaskChanges(state=TaskState.COMPLETED), actor=lee.as_actor())
    result = take_back([incident.pk], act, actor=ana.as_actor())[incident.pk]
    assert titles(incident) == ["a"]
    assert result.reason == "Left as it is: the task “a”, which Lee Park has changed since"
