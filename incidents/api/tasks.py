"""Tasks of an incident, and templates of tasks, for programs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Team, User
from accounts.once import once
from common.bodies import LARGEST_ID
from common.endpoints import Endpoint
from common.preconditions import based_on, seen_of, with_tag
from common.shapes import (
    changes,
    choice,
    extended,
    ident,
    list_of,
    looked_up,
    moment,
    needed,
    or_null,
    sent,
    tagged,
    text,
    word_of,
)
from incidents.api.lookup import actor_of, visible_or_404
from incidents.api.wishes import ASSIGNEE, assignee_of
from incidents.changes import KEEP, TaskChanges
from incidents.choices import TaskState
from incidents.commands import add_task, apply_task_template, change_task, move_task, remove_task
from incidents.models import Incident, Task, TaskTemplate
from incidents.queries.plain import plain_task, plain_tasks, version_of
from incidents.rules.tasks import LONGEST_TEXT, LONGEST_TITLE
from incidents.shapes import ONE_TASK, TASKS

SEE, EDIT = Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS
TITLE, LONG_TEXT = needed(text(most=LONGEST_TITLE)), text("in Markdown", most=LONGEST_TEXT)


class TasksView(Endpoint):
    """The tasks of an incident in their order. POST adds one behind them: `{"title": "Isolate the host"}`, with
    `description`, `assignee` and `due` where that is known already."""

    needs = {"GET": SEE, "HEAD": SEE, "POST": EDIT}
    resource = "Tasks"
    takes = {"POST": sent(title=TITLE, description=LONG_TEXT, assignee=ASSIGNEE, due=looked_up(moment()))}
    gives = {"GET": tagged(TASKS), "POST": {201: tagged(ONE_TASK)}}

    def get(self, request: Request, number: int) -> Response:
        """List the tasks of an incident."""
        incident = visible_or_404(number, principal_of(request))
        answer = {"tasks": plain_tasks(incident.pk), "version": incident.version}
        return with_tag(Response(answer), incident.version)

    def post(self, request: Request, number: int) -> HttpResponse:
        """Add a task."""
        incident = visible_or_404(number, principal_of(request))
        with self.body(request) as body:
            title = body.text("title", LONGEST_TITLE, required=True)
            description = body.text("description", LONGEST_TEXT)
            assignee = assignee_of(body)
            due = body.time("due")

        def act() -> Response:
            task = add_task(
                incident,
                title,
                description=description,
                assignee=assignee if isinstance(assignee, User | Team) else None,
                due=due,
                actor=actor_of(request),
            )
            return task_answer(task, status=201)

        return once(request, act)


class TaskView(Endpoint):
    """One task. PATCH changes what it names: `title`, `description`, `assignee`, `due` (both null for none), `state`,
    `closing_note`; DELETE takes it off the incident. Both take If-Match with the incident's version, and are refused
    where somebody has changed the same since."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": EDIT, "DELETE": EDIT}
    resource = "Tasks"
    takes = {
        "PATCH": changes(
            title=TITLE.shape,
            description=LONG_TEXT,
            assignee=ASSIGNEE,
            due=or_null(looked_up(moment())),
            state=choice(TaskState),
            closing_note=LONG_TEXT,
        )
    }
    gives = {"GET": tagged(ONE_TASK), "PATCH": tagged(ONE_TASK), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, number: int, task: int) -> Response:
        """Read a task."""
        return task_answer(task_or_404(request, number, task))

    def patch(self, request: Request, number: int, task: int) -> Response:
        """Change a task."""
        found = task_or_404(request, number, task)
        base = based_on(seen_of(request), found.incident.version, of_parts=True)
        with self.body(request) as body:
            changes = TaskChanges(
                title=body.text("title", LONGEST_TITLE, required=True) if body.says("title") else None,
                description=body.text("description", LONGEST_TEXT) if body.says("description") else None,
                assignee=assignee_of(body),
                due=body.time("due") if body.says("due") else KEEP,
                state=body.term("state", TaskState) if body.says("state") else None,
                closing_note=body.text("closing_note", LONGEST_TEXT) if body.says("closing_note") else None,
            )
        batch = uuid4()
        return task_answer(change_task(found, changes, actor=actor_of(request), based_on=base, batch=batch))

    def delete(self, request: Request, number: int, task: int) -> Response:
        """Remove a task."""
        found = task_or_404(request, number, task)
        base = based_on(seen_of(request), found.incident.version, of_parts=True)
        remove_task(found, actor=actor_of(request), based_on=base)
        return Response(status=204)


class MoveTaskView(Endpoint):
    """Let a task change places with the one before (`{"direction": "up"}`) or after it (`down`). Answers the tasks in
    their order."""

    needs = {"POST": EDIT}
    resource = "Tasks"
    takes = {"POST": sent(direction=needed(word_of(("up", "down"))))}
    gives = {"POST": tagged(TASKS)}

    def post(self, request: Request, number: int, task: int) -> HttpResponse:
        """Move a task."""
        found = task_or_404(request, number, task)
        with self.body(request) as body:
            direction = body.text("direction", required=True)
            if direction not in ("", "up", "down"):
                body.fail("direction", f"“{direction[:60]}” is no direction; write up or down.")

        def act() -> Response:
            move_task(found, up=direction == "up", actor=actor_of(request))
            return tasks_answer(found.incident)

        return once(request, act)


class ApplyTemplateView(Endpoint):
    """Put the tasks of a template on the incident: `{"template": 3}`. Those of a title that is there already stay away.
    Answers what was `added`, and all tasks in their order."""

    needs = {"POST": EDIT}
    resource = "Tasks"
    takes = {"POST": sent(template=needed(looked_up(ident("its number"))))}
    gives = {"POST": tagged(extended(TASKS, "TasksAdded", added=list_of(ident())))}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Apply a task template."""
        incident = visible_or_404(number, principal_of(request))
        with self.body(request) as body:
            wanted = body.id("template", required=True)
        template = TaskTemplate.objects.filter(pk=wanted or 0, deleted_at=None).first()
        if template is None:
            problem = f"There is no template {wanted}; /api/v1/task-templates/ has all."
            raise exceptions.ValidationError({"template": [problem]})

        def act() -> Response:
            added = apply_task_template(incident, template, actor=actor_of(request))
            return tasks_answer(incident, added=[task.pk for task in added])

        return once(request, act)


def task_or_404(request: Request, number: int, task: int) -> Task:
    incident = visible_or_404(number, principal_of(request))
    rows = Task.objects.of_incident(incident.pk).select_related("incident", "assignee_user", "assignee_team")
    found = rows.filter(pk=min(task, LARGEST_ID)).first()
    if found is None:
        raise Http404
    return found


def task_answer(task: Task, *, status: int = 200) -> Response:
    """A task as it is now, and the incident's version."""
    version = version_of(task.incident_id)
    return with_tag(Response(plain_task(task.pk) | {"version": version}, status=status), version)


def tasks_answer(incident: Incident, **more: Any) -> Response:
    """All tasks as they are now."""
    version = version_of(incident.pk)
    return with_tag(Response({"tasks": plain_tasks(incident.pk), "version": version, **more}), version)
