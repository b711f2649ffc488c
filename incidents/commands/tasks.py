"""Tasks on an incident: adding, changing, ticking off, ordering, removing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from accounts.models import Team, User
from activity.actors import Actor
from activity.models import Entry
from activity.record import Change, Draft, Subject
from activity.verbs import Verb
from alerts.commands import assignee_value
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from incidents import verbs
from incidents.changes import KEEP, TaskChanges
from incidents.choices import TaskState
from incidents.commands.assignment import check_assignee
from incidents.commands.change import lock, record_under_version, save
from incidents.commands.following import start_following
from incidents.commands.snoozing import as_logged
from incidents.models import Incident, Task
from incidents.rules.tasks import CLOSED, check_due, check_room, check_task_text, check_title

STATE_VERBS = {
    TaskState.NEW: verbs.TASK_REOPENED,
    TaskState.IN_PROGRESS: verbs.TASK_STARTED,
    TaskState.COMPLETED: verbs.TASK_COMPLETED,
    TaskState.SKIPPED: verbs.TASK_SKIPPED,
}
DESCRIPTION, CLOSING_NOTE = "description", "closing_note"
"""Long texts of a task; the log has them as the text of an entry, which says by `facts["text"]` which one it is."""


@command
def add_task(
    incident: Incident,
    title: str,
    *,
    description: str = "",
    assignee: User | Team | None = None,
    due: datetime | None = None,
    actor: Actor,
    batch: UUID | None = None,
) -> Task:
    """Add a task behind the others. With the batch of a form, that form sent again adds nothing."""
    incident = lock(incident)
    if batch is not None and (known := _added_by(incident, batch)):
        return known
    title, description = check_title(title), check_task_text(description, DESCRIPTION)
    check_room(incident.tasks_total, 1)
    if assignee is not None:
        check_assignee(assignee, incident)
    task = Task(incident=incident, title=title, description=description, position=next_position(incident))
    if due is not None:
        task.due_at = check_due(due, timezone.now())
    task.assignee_user, task.assignee_team = _split(assignee)
    task.save()
    write(incident, [draft_of_new(task, actor, batch or uuid4())])
    start_following(incident, task.assignee_user)
    return task


@command
def change_task(
    task: Task,
    changes: TaskChanges,
    *,
    actor: Actor,
    based_on: int | None = None,
    batch: UUID | None = None,
) -> Task:
    """Change a task's fields and state, as one act.

    `based_on` is the version of the incident that the person saw. Where the same field was given another value since,
    raises Conflict with both.
    """
    incident = lock(task.incident)
    task = lock_task(task)
    wanted = _wanted(task, changes)
    if based_on is not None and (conflicts := _conflicts(task, wanted, based_on)):
        raise Conflict(incident.version, conflicts)
    edit = _Edit(task, wanted, actor, batch or uuid4())
    edit.fields(changes)
    edit.state(changes)
    if edit.drafts:
        task.save(update_fields=list(dict.fromkeys(edit.saved)))
        write(incident, edit.drafts)
        start_following(incident, task.assignee_user if "assignee_user" in edit.saved else None)
    return task


@command
def move_task(task: Task, *, up: bool, actor: Actor, batch: UUID | None = None) -> Task:
    """Let the task change places with the one before or after it; at the end it stays."""
    incident = lock(task.incident)
    order = list(Task.objects.of_incident(incident.pk).select_for_update(of=("self",)))
    place = next((index for index, each in enumerate(order) if each.pk == task.pk), None)
    if place is None:
        raise Refused("The task was removed meanwhile.")
    other = place + (-1 if up else 1)
    if not 0 <= other < len(order):
        return order[place]
    before = [each.pk for each in order]
    order[place], order[other] = order[other], order[place]
    for position, each in enumerate(order):
        each.position = position
    Task.objects.bulk_update(order, ["position"])
    facts = {"direction": "up" if up else "down", "order": {"old": before, "new": [each.pk for each in order]}}
    write(incident, [draft_of_task(verbs.TASK_MOVED, order[other], actor, batch or uuid4(), facts=facts)])
    return order[other]


@command
def remove_task(task: Task, *, actor: Actor, based_on: int | None = None, batch: UUID | None = None) -> Task:
    """Take a task off the incident; the log keeps what it was. Raises Conflict where somebody has changed it since the
    version of the incident that this was based on."""
    incident = lock(task.incident)
    task = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if task.removed_at is not None:
        return task
    if based_on is not None and _since(task, based_on).exists():
        raise Conflict(incident.version, [])
    task.removed_at = timezone.now()
    task.save(update_fields=["removed_at"])
    changes = [Change("removed", False, True)]
    write(incident, [draft_of_task(verbs.TASK_REMOVED, task, actor, batch or uuid4(), changes)])
    return task


def lock_task(task: Task) -> Task:
    """The task as it is now, locked after its incident; Refused where it was removed."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("assignee_user", "assignee_team")
    task = rows.get(pk=task.pk)
    if task.removed_at is not None:
        raise Refused("The task was removed meanwhile.")
    return task


def next_position(incident: Incident) -> int:
    last = Task.objects.of_incident(incident.pk).order_by().aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def write(incident: Incident, drafts: Sequence[Draft], *, quiet: Sequence[Draft] = ()) -> list[Entry]:
    """Bring the incident's count of tasks up to date, save it under a new version, and record. Nobody is told of the
    quiet ones."""
    recount(incident)
    incident.version += 1
    save(incident, "tasks_total", "tasks_open", "version")
    entries = record_under_version(incident, drafts)
    return [*entries, *record_under_version(incident, quiet, tell=False)] if quiet else entries


def recount(incident: Incident) -> None:
    is_open = Q(state__in=[TaskState.NEW, TaskState.IN_PROGRESS])
    rows = Task.objects.of_incident(incident.pk).order_by()
    counted = rows.aggregate(total=Count("pk"), open=Count("pk", filter=is_open))
    incident.tasks_total, incident.tasks_open = counted["total"], counted["open"]


def draft_of_task(
    verb: Verb,
    task: Task,
    actor: Actor,
    batch: UUID | None,
    changes: Sequence[Change] = (),
    *,
    text: str | None = None,
    text_is: str = "",
    facts: dict[str, Any] | None = None,
) -> Draft:
    """An entry about a task."""
    return Draft(
        verb,
        actor,
        incident_id=task.incident_id,
        subject=Subject("task", str(task.pk), task.title),
        changes=changes,
        text=text,
        batch=batch,
        facts={**(facts or {}), **({"text": text_is} if text is not None else {})},
    )


def draft_of_new(task: Task, actor: Actor, batch: UUID) -> Draft:
    """What a new task is like, as its first entry has it."""
    values = values_of(task)
    changes = [
        Change(name, None, values[name])
        for name in ("title", "state", "assignee", "due_at")
        if values[name] is not None
    ]
    text = task.description or None
    return draft_of_task(verbs.TASK_ADDED, task, actor, batch, changes, text=text, text_is=DESCRIPTION)


def values_of(task: Task) -> dict[str, Any]:
    """A task's fields as the log has them."""
    return {
        "title": task.title,
        "description": task.description,
        "assignee": assignee_value(task.assignee_user, task.assignee_team),
        "due_at": as_logged(task.due_at),
        "state": str(task.state),
        "closing_note": task.closing_note,
    }


@dataclass
class _Edit:
    """The changes of one act on a locked task, and what the log says of them."""

    task: Task
    wanted: dict[str, Any]
    actor: Actor
    batch: UUID
    drafts: list[Draft] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)

    def fields(self, changes: TaskChanges) -> None:
        """Title, description, assignee and due date."""
        task, present = self.task, values_of(self.task)
        differs = [name for name, value in self.wanted.items() if value != present[name]]
        told = [
            Change(name, present[name], self.wanted[name])
            for name in ("title", "assignee", "due_at")
            if name in differs
        ]
        if "title" in differs:
            task.title = self.wanted["title"]
            self.saved.append("title")
        if "assignee" in differs:
            task.assignee_user, task.assignee_team = _split(changes.assignee)
            self.saved += ["assignee_user", "assignee_team"]
        if "due_at" in differs:
            task.due_at = datetime.fromisoformat(self.wanted["due_at"]) if self.wanted["due_at"] else None
            task.overdue_told = False
            self.saved += ["due_at", "overdue_told"]
        text = self.wanted[DESCRIPTION] if DESCRIPTION in differs else None
        if text is not None:
            task.description = text
            self.saved.append(DESCRIPTION)
        if told or text is not None:
            self.drafts.append(
                draft_of_task(verbs.TASK_CHANGED, task, self.actor, self.batch, told, text=text, text_is=DESCRIPTION)
            )

    def state(self, changes: TaskChanges) -> None:
        """State and closing note."""
        task, present = self.task, TaskState(self.task.state)
        state = TaskState(self.wanted.get("state", present))
        note = self.wanted.get(CLOSING_NOTE, task.closing_note)
        text = note if note != task.closing_note else None
        if text is not None:
            task.closing_note = text
            self.saved.append(CLOSING_NOTE)
        told: list[Change] = []
        if state != present:
            told = [Change("state", str(present), str(state))]
            task.state = state
            set_closed(task, self.actor)
            self.saved += ["state", "closed_at", "closed_by"]
        if told or text is not None:
            verb = STATE_VERBS[state] if told else verbs.TASK_NOTED
            self.drafts.append(draft_of_task(verb, task, self.actor, self.batch, told, text=text, text_is=CLOSING_NOTE))


def set_closed(task: Task, actor: Actor) -> None:
    """Who closed a task and when, by the state that it has now."""
    closed = task.state in CLOSED
    task.closed_at, task.closed_by = (timezone.now(), actor.label[:200]) if closed else (None, "")


def _wanted(task: Task, changes: TaskChanges) -> dict[str, Any]:
    """The fields that are to be changed, checked, as the log would have them."""
    wanted: dict[str, Any] = {}
    if changes.title is not None:
        wanted["title"] = check_title(changes.title)
    if changes.description is not None:
        wanted[DESCRIPTION] = check_task_text(changes.description, DESCRIPTION)
    if changes.assignee is not KEEP:
        user, team = _split(changes.assignee)
        wanted["assignee"] = assignee_value(user, team)
        if wanted["assignee"] != values_of(task)["assignee"] and (user or team):
            check_assignee(user or team, task.incident)  # type: ignore[arg-type]
    if changes.due is not KEEP:
        due = changes.due.replace(second=0, microsecond=0) if isinstance(changes.due, datetime) else None
        if due is not None and due != task.due_at:
            due = check_due(due, timezone.now())
        # one moment has many spellings; where it is the present one, the log's own counts
        wanted["due_at"] = as_logged(task.due_at if due == task.due_at else due)
    if changes.state is not None:
        wanted["state"] = str(changes.state)
    if changes.closing_note is not None:
        wanted[CLOSING_NOTE] = check_task_text(changes.closing_note, CLOSING_NOTE)
    return wanted


def _since(task: Task, version: int) -> QuerySet[Entry]:
    """What the log tells of the task since a version of its incident."""
    log = Entry.objects.of_incident(task.incident_id).filter(incident_version__gt=version)
    return log.filter(subject_kind="task", subject_id=str(task.pk))


def _conflicts(task: Task, wanted: dict[str, Any], based_on: int) -> list[FieldConflict]:
    """Fields that were given another value since that version, and not the one that is wanted."""
    changed_by: dict[str, str] = {}
    for entry in _since(task, based_on).order_by("sequence"):
        names = [change["field"] for change in entry.changes]
        changed_by |= dict.fromkeys([*names, entry.facts.get("text", "")], entry.actor_label)
    present = values_of(task)
    return [
        FieldConflict(name, present[name], value, changed_by[name])
        for name, value in wanted.items()
        if name in changed_by and present[name] != value
    ]


def _split(assignee: Any) -> tuple[User | None, Team | None]:
    return (
        assignee if isinstance(assignee, User) else None,
        assignee if isinstance(assignee, Team) else None,
    )


def _added_by(incident: Incident, batch: UUID) -> Task | None:
    """The task that a form of this batch has added already."""
    log = Entry.objects.of_incident(incident.pk).filter(verb=verbs.TASK_ADDED.name, batch=batch)
    said = log.values_list("subject_id", flat=True).first()
    return Task.objects.filter(pk=said).first() if said else None
