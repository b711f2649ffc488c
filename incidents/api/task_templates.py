"""Templates of tasks, for programs."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import Permission
from accounts.once import once
from common.bodies import LARGEST_ID, Body
from common.endpoints import Endpoint
from common.preconditions import based_on, seen_of, with_tag
from common.shapes import (
    answer,
    changes,
    list_of,
    looked_up,
    needed,
    number,
    sent,
    tagged,
    text,
)
from incidents.api.lookup import actor_of
from incidents.changes import Item
from incidents.commands import change_task_template, delete_task_template, save_task_template
from incidents.commands.task_templates import items_of
from incidents.models import TaskTemplate
from incidents.queries.plain_rules import plain_template, plain_templates
from incidents.rules.tasks import LONGEST_TEMPLATE_NAME, LONGEST_TEXT, LONGEST_TITLE, MOST_HOURS, MOST_ITEMS
from incidents.shapes import TEMPLATE

EDIT, MANAGE = Permission.EDIT_INCIDENTS, Permission.MANAGE_RULES
ITEM = sent(
    title=needed(text(most=LONGEST_TITLE)),
    description=text("in Markdown", most=LONGEST_TEXT),
    due_hours=number("after it is put on an incident", least=1, most=MOST_HOURS),
)
ITEMS = list_of(ITEM, most=MOST_ITEMS)


class TaskTemplatesView(Endpoint):
    """All templates by name. POST keeps one: `{"name": "Malware", "tasks": [{"title": "Isolate", "due_hours": 4}]}`."""

    needs = {"GET": EDIT, "HEAD": EDIT, "POST": MANAGE}
    takes = {"POST": looked_up(sent(name=needed(text(most=LONGEST_TEMPLATE_NAME)), tasks=ITEMS))}
    gives = {"GET": answer("TaskTemplates", templates=list_of(TEMPLATE)), "POST": {201: tagged(TEMPLATE)}}

    def get(self, request: Request) -> Response:
        """List task templates."""
        return Response({"templates": plain_templates()})

    def post(self, request: Request) -> HttpResponse:
        """Keep a task template."""
        with self.body(request) as body:
            name = body.text("name", LONGEST_TEMPLATE_NAME, required=True)
            items = _items(body)
        actor = actor_of(request)
        return once(request, lambda: template_answer(save_task_template(name, items, actor=actor), status=201))


class TaskTemplateView(Endpoint):
    """One template. PATCH gives it another name or other tasks, DELETE offers it no more; both take If-Match. Tasks
    that incidents have from it stay as they are."""

    needs = {"GET": EDIT, "HEAD": EDIT, "PATCH": MANAGE, "DELETE": MANAGE}
    takes = {"PATCH": looked_up(changes(name=needed(text(most=LONGEST_TEMPLATE_NAME)).shape, tasks=ITEMS))}
    gives = {"GET": tagged(TEMPLATE), "PATCH": tagged(TEMPLATE), "DELETE": {204: None}}
    versioned = ("PATCH", "DELETE")

    def get(self, request: Request, number: int) -> Response:
        """Read a task template."""
        return template_answer(template_or_404(number))

    def patch(self, request: Request, number: int) -> Response:
        """Change a task template."""
        found = template_or_404(number)
        base = based_on(seen_of(request), found.version)
        with self.body(request) as body:
            name = body.text("name", LONGEST_TEMPLATE_NAME, required=True) if body.says("name") else found.name
            items = _items(body) if body.says("tasks") else items_of(found)
        return template_answer(change_task_template(found, name, items, based_on=base, actor=actor_of(request)))

    def delete(self, request: Request, number: int) -> Response:
        """Delete a task template."""
        found = template_or_404(number)
        based_on(seen_of(request), found.version)
        delete_task_template(found, actor=actor_of(request))
        return Response(status=204)


def template_or_404(number: int) -> TaskTemplate:
    found = TaskTemplate.objects.filter(pk=min(number, LARGEST_ID), deleted_at=None).first()
    if found is None:
        raise Http404
    return found


def template_answer(template: TaskTemplate, *, status: int = 200) -> Response:
    return with_tag(Response(plain_template(template, items_of(template)), status=status), template.version)


def _items(body: Body) -> list[Item]:
    """The tasks that a body names; what is wrong with one is told by its path."""
    found = []
    for fields in body.objects("tasks", MOST_ITEMS):
        fields.refuse_unknown(ITEM.names, "A task of a template")
        title = fields.text("title", LONGEST_TITLE, required=True)
        found.append(Item(title, fields.text("description", LONGEST_TEXT), fields.integer("due_hours", 1, MOST_HOURS)))
    return found
