"""The Tasks tab: what is still to be done on an incident, ticked off, changed in place, put in order."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.bodies import LARGEST_ID
from common.errors import Conflict, Refused
from incidents.changes import TaskChanges
from incidents.choices import TaskState
from incidents.commands import add_task, apply_task_template, change_task, move_task, remove_task
from incidents.forms.tasks import NewTaskForm, TaskForm, start_of
from incidents.models import Incident, Task, TaskTemplate
from incidents.queries.tasks import task_templates, tasks_shown
from incidents.views.answers import chosen_assignee, touched, with_toast
from incidents.views.frame import page_context
from incidents.views.lookup import incident_or_404
from incidents.views.manage import in_both_words

STATES = {
    "complete": (TaskState.COMPLETED, "Completed"),
    "start": (TaskState.IN_PROGRESS, "Started"),
    "skip": (TaskState.SKIPPED, "Skipped"),
    "reopen": (TaskState.NEW, "Opened again"),
}
"""What a button does to a task, and how that is told."""


@needs(get=Permission.SEE_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def tasks(request: PersonRequest, number: int) -> HttpResponse:
    """All tasks in their order; posted, a new one behind them."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:tasks", number=incident.redirected_to_id)
    if request.method != "POST":
        return _page(request, incident)
    form = NewTaskForm(request.POST)
    if not form.is_valid():
        return _page(request, incident, status=422, new=form)
    batch = form.cleaned_data["once"] or uuid4()
    try:
        task = add_task(incident, form.cleaned_data["title"], actor=request.user.as_actor(), batch=batch)
    except Refused as refused:
        form.add_error("title", refused.problem)
        return _page(request, incident, status=422, new=form)
    return _done(request, number, f"Added “{task.title}”", batch)


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def task(request: PersonRequest, number: int, task_id: int) -> HttpResponse:
    """One task's form, in its place among the others; and saving it."""
    incident, found = _task_or_404(request, number, task_id)
    if request.method != "POST":
        return _page(request, incident, form=TaskForm(found, incident.version))
    form = TaskForm(found, incident.version, request.POST)
    if not form.is_valid():
        return _page(request, incident, form=form, status=422)
    keep_theirs = frozenset(name for name in TaskForm.TWINS if request.POST.get(f"keep_{name}") == "theirs")
    batch = uuid4()
    try:
        change_task(
            found,
            form.changes(keep_theirs=keep_theirs),
            actor=request.user.as_actor(),
            based_on=form.cleaned_data["version"],
            batch=batch,
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, incident, form=form, status=422)
    except Conflict as conflict:
        incident, found = _task_or_404(request, number, task_id)
        return _page(request, incident, form=_brought_up_to_date(form, found, conflict), status=409, conflict=conflict)
    return _done(request, number, f"Saved “{form.cleaned_data['title']}”", batch, task_id=task_id)


@needs(post=Permission.EDIT_INCIDENTS)
def act(request: PersonRequest, number: int, task_id: int) -> HttpResponse:
    """What one button does to a task: complete, start, skip, reopen, take, up, down, remove."""
    incident, found = _task_or_404(request, number, task_id)
    what, actor, batch = request.POST.get("do", ""), request.user.as_actor(), uuid4()
    try:
        if what in STATES:
            state, word = STATES[what]
            change_task(found, TaskChanges(state=state), actor=actor, batch=batch)
            return _done(request, number, f"{word}: “{found.title}”", batch, task_id=task_id)
        if what == "take":
            change_task(found, TaskChanges(assignee=request.user), actor=actor, batch=batch)
            return _done(request, number, f"“{found.title}” is yours", batch, task_id=task_id)
        if what in ("up", "down"):
            move_task(found, up=what == "up", actor=actor)
            return _done(request, number, "", None, task_id=task_id)
        if what == "remove":
            remove_task(found, actor=actor, batch=batch)
            return _done(request, number, f"Removed “{found.title}”", batch)
    except Refused as refused:
        return _refused(request, incident, refused.problem)
    return HttpResponseBadRequest("do says what shall be done: complete, start, skip, reopen, take, up, down, remove.")


@needs(post=Permission.EDIT_INCIDENTS)
def apply(request: PersonRequest, number: int) -> HttpResponse:
    """Put the tasks of a template on the incident."""
    incident = incident_or_404(request, number)
    word = request.POST.get("template", "")
    is_number = word.isascii() and word.isdigit() and len(word) < 19
    template = TaskTemplate.objects.filter(pk=int(word), deleted_at=None).first() if is_number else None
    if template is None:
        return _refused(request, incident, "Choose a template from the list; this one does not exist any more.")
    batch = uuid4()
    try:
        came = apply_task_template(incident, template, actor=request.user.as_actor(), batch=batch)
    except Refused as refused:
        return _refused(request, incident, refused.problem)
    if not came:
        return _done(request, number, f"All tasks of “{template.name}” are here already", None)
    count = "One task" if len(came) == 1 else f"{len(came)} tasks"
    return _done(request, number, f"{count} from “{template.name}”", batch)


def _task_or_404(request: PersonRequest, number: int, task_id: int) -> tuple[Incident, Task]:
    incident = incident_or_404(request, number)
    rows = Task.objects.of_incident(incident.pk).select_related("incident", "assignee_user", "assignee_team")
    found = rows.filter(pk=min(task_id, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such task any more.")
    return incident, found


def _brought_up_to_date(form: TaskForm, task: Task, conflict: Conflict) -> TaskForm:
    """The form after somebody else has saved: what the person changed stays, the rest is as the task is now."""
    now, data, was = start_of(task), cast(QueryDict, form.data).copy(), form.was()
    data["version"] = str(conflict.version)
    for name in TaskForm.TWINS:
        if str(form.data.get(name, "")).replace("\r\n", "\n").strip() == was[name].replace("\r\n", "\n").strip():
            data[name] = now[name]
        data[f"was_{name}"] = now[name]
    return TaskForm(task, conflict.version, data)


def _page(
    request: PersonRequest,
    incident: Incident,
    *,
    form: TaskForm | None = None,
    new: NewTaskForm | None = None,
    status: int = 200,
    conflict: Conflict | None = None,
    problem: str = "",
) -> HttpResponse:
    """The whole tab; HTMX takes out of it what it asked for."""
    context: dict[str, Any] = page_context(request, incident, "tasks")
    context |= {
        "tasks": tasks_shown(incident, request.user),
        "templates": task_templates() if context["may_edit"] else [],
        "may_manage_templates": request.user.may(Permission.MANAGE_RULES),
        "new": new or NewTaskForm(),
        "once": uuid4(),
        "problem": problem,
        "me": request.user.pk,
    }
    if form is not None:
        context |= {
            "form": form,
            "editing": form.task.pk,
            "was": form.was(),
            "chosen": chosen_assignee(form["assignee"].value()),
            "draft": f"task-{form.task.pk}",
        }
    if conflict is not None:
        context["conflict_by"] = ", ".join(dict.fromkeys(each.changed_by for each in conflict.conflicts))
        context["conflicts"] = in_both_words(conflict)
    return render(request, "incidents/tasks.html", context, status=status)


def _done(
    request: PersonRequest, number: int, text: str, batch: UUID | None, *, task_id: int | None = None
) -> HttpResponse:
    """The tab as it is now, and how to take back what was done."""
    url = reverse("incidents:tasks", args=[number])
    if not request.htmx:
        if text:
            messages.success(request, text, extra_tags=f"task-{task_id} task-new-{number}")
        return redirect(f"{url}#task-{task_id}" if task_id else url)
    undo_url = reverse("incidents:undo_save", args=[number, batch]) if batch else ""
    if request.htmx.target != "tasks":
        return touched(number, text, undo_url=undo_url)
    response = _page(request, incident_or_404(request, number))
    return with_toast(response, text, undo_url=undo_url) if text else response


def _refused(request: PersonRequest, incident: Incident, problem: str) -> HttpResponse:
    return _page(request, incident_or_404(request, incident.pk), status=422, problem=problem)
