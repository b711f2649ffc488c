"""Templates of tasks: the lists that analysts put on incidents, kept by those who manage rules."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.bodies import LARGEST_ID
from common.errors import Refused
from incidents.changes import Item
from incidents.commands import change_task_template, delete_task_template, save_task_template
from incidents.commands.task_templates import items_of
from incidents.forms.tasks import ItemForm, ItemForms, TemplateForm, template_start
from incidents.models import TaskTemplate
from incidents.queries.tasks import task_templates

NEW_ROWS = 2
"""Empty rows at the foot of the form."""


@needs(get=Permission.MANAGE_RULES)
def templates(request: PersonRequest) -> HttpResponse:
    """All templates."""
    return render(request, "incidents/task_templates.html", {"templates": task_templates()})


@needs(get=Permission.MANAGE_RULES, post=Permission.MANAGE_RULES)
def new(request: PersonRequest) -> HttpResponse:
    """A template that is not there yet."""
    return _form(request, None)


@needs(get=Permission.MANAGE_RULES, post=Permission.MANAGE_RULES)
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """A template's name and tasks."""
    return _form(request, get_object_or_404(TaskTemplate, pk=min(number, LARGEST_ID), deleted_at=None))


@needs(post=Permission.MANAGE_RULES)
def delete(request: PersonRequest, number: int) -> HttpResponse:
    """Offer the template no more."""
    template = get_object_or_404(TaskTemplate, pk=min(number, LARGEST_ID), deleted_at=None)
    delete_task_template(template, actor=request.user.as_actor())
    messages.success(request, f"“{template.name}” is deleted. Tasks that incidents have from it stay.")
    return redirect("tasks:templates")


def _form(request: PersonRequest, template: TaskTemplate | None) -> HttpResponse:
    if request.method != "POST":
        values, rows = template_start(template, items_of(template)) if template else ({}, [])
        form, items = TemplateForm(initial=values), _rows([*rows, *({} for _ in range(NEW_ROWS))])
        return _page(request, template, form, items)
    form, items = TemplateForm(request.POST), ItemForms(request.POST, prefix="task")
    if {"up", "down", "remove", "add"} & set(request.POST):
        return _page(request, template, TemplateForm(initial=request.POST.dict()), _rows(_arranged(request.POST)))
    if not (form.is_valid() & items.is_valid()):
        return _page(request, template, form, items, status=422)
    try:
        saved = _save(request, template, form, [item for row in items.forms if (item := row.item())])
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        if template is not None:
            # somebody else's change has been told of now; saving again is meant
            form.data = request.POST.copy()
            form.data["version"] = str(template.version)
        return _page(request, template, form, items, status=422)
    messages.success(request, f"“{saved.name}” is saved.")
    return redirect("tasks:templates")


def _save(request: PersonRequest, template: TaskTemplate | None, form: TemplateForm, items: list[Item]) -> TaskTemplate:
    name, actor = form.cleaned_data["name"], request.user.as_actor()
    if template is None:
        return save_task_template(name, items, actor=actor)
    return change_task_template(template, name, items, based_on=form.cleaned_data["version"], actor=actor)


def _arranged(data: QueryDict) -> list[dict[str, Any]]:
    """What was typed, with one task moved or taken away, or with more room."""
    count = data.get("task-TOTAL_FORMS", "0")
    total = min(int(count), ItemForms.absolute_max) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    names = list(ItemForm.base_fields)
    rows = [{name: data.get(f"task-{place}-{name}", "") for name in names} for place in range(total)]
    for what, step in (("up", -1), ("down", 1), ("remove", 0)):
        word = data.get(what, "")
        place = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else -1
        if not 0 <= place < len(rows):
            continue
        if what == "remove":
            del rows[place]
        elif 0 <= place + step < len(rows):
            rows[place], rows[place + step] = rows[place + step], rows[place]
    return [*rows, {}] if "add" in data else rows


def _rows(values: list[dict[str, Any]]) -> BaseFormSet[ItemForm]:
    """Forms that start with these values, each as likely to be changed as to be left."""
    return ItemForms(initial=values, prefix="task")


def _page(
    request: PersonRequest,
    template: TaskTemplate | None,
    form: TemplateForm,
    items: BaseFormSet[ItemForm],
    *,
    status: int = 200,
) -> HttpResponse:
    title = f"Template “{template.name}”" if template else "New template of tasks"
    context = {"template": template, "form": form, "items": items, "title": title}
    return render(request, "incidents/task_template.html", context, status=status)
