"""An incident's tasks as pages show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, Count, When
from django.utils import timezone

from accounts.models import Principal
from common.marks import due_mark, initials, person_mark, status_mark, time_mark
from incidents.choices import TaskState
from incidents.models import Incident, Task, TaskTemplate
from incidents.queries.texts import rendered

NEXT = 5
"""Open tasks that overview and details show."""


TEXTS = ("description", "closing_note")


def tasks_shown(incident: Incident, reader: Principal) -> list[dict[str, Any]]:
    """All tasks of an incident in their order, ready to print for a reader."""
    now = timezone.now()
    rows = list(Task.objects.of_incident(incident.pk).select_related("assignee_user", "assignee_team"))
    shown = [_shown(task, now) for task in rows]
    texts = {(index, name): getattr(task, name) for index, task in enumerate(rows) for name in TEXTS}
    texts = {place: text for place, text in texts.items() if text}
    for (index, name), html in zip(texts, rendered(list(texts.values()), reader), strict=True):
        shown[index][name] = html
    if shown:
        shown[0]["is_first"] = shown[-1]["is_last"] = True
    return shown


def next_tasks(incident: Incident) -> list[dict[str, Any]]:
    """What is to be done next: the open tasks that are overdue, then the others in their order. No statement where the
    incident has none."""
    if not incident.tasks_open:
        return []
    now = timezone.now()
    rows = Task.objects.of_incident(incident.pk).open().select_related("assignee_user", "assignee_team")
    overdue_first = rows.order_by(Case(When(due_at__lte=now, then=0), default=1), "position", "pk")
    return [_shown(task, now) for task in overdue_first[:NEXT]]


def _shown(task: Task, now: datetime) -> dict[str, Any]:
    assignee = task.assignee
    kind = "person" if task.assignee_user_id else "team"
    return {
        "id": task.pk,
        "title": task.title,
        "state": task.state,
        "is_open": task.is_open,
        "is_started": task.state == TaskState.IN_PROGRESS,
        "mark": status_mark(TaskState(task.state)) if task.state != TaskState.NEW else "",
        "assignee": person_mark(initials(str(assignee)), str(assignee), kind) if assignee else "",
        "assignee_id": task.assignee_user_id,
        "due": due_mark(task.due_at, now) if task.due_at and task.is_open else "",
        "closed_by": task.closed_by,
        "closed_at": time_mark(task.closed_at, now) if task.closed_at else "",
    }


def progress(incident: Incident) -> str:
    """How many of the tasks are done: "2 / 6"; nothing where there are none."""
    total = incident.tasks_total
    return f"{total - incident.tasks_open} / {total}" if total else ""


def task_templates() -> list[TaskTemplate]:
    """All templates by name, each with the number of its tasks."""
    rows = TaskTemplate.objects.filter(deleted_at=None).annotate(size=Count("items"))
    return list(rows.order_by("name"))
