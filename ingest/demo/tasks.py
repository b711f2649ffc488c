"""The tasks of the demo: templates, and what has been done of the lists on its incidents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.models import Team, User
from activity.actors import Actor
from incidents.changes import Item, TaskChanges
from incidents.choices import TaskState
from incidents.commands import add_task, apply_task_template, change_task, save_task_template
from incidents.models import Incident, Task, TaskTemplate
from ingest.demo.scenario import read
from ingest.demo.times import span

Person = Callable[[str | None], User | Team | None]
"""Whom a name of the demo's work means."""


def save_templates(actor: Actor) -> None:
    for template in read("task_templates.json")["templates"]:
        items = [
            Item(task["title"], "\n".join(task.get("description", ())), task.get("due_hours"))
            for task in template["tasks"]
        ]
        save_task_template(template["name"], items, actor=actor)


def apply_named(name: str, incident: Incident, actor: Actor) -> None:
    apply_task_template(incident, TaskTemplate.objects.get(name=name), actor=actor)


def work_on_tasks(
    tasks: Sequence[Mapping[str, Any]], incident: Incident, actor: Actor, now: datetime, person: Person
) -> None:
    """Each task is one that the incident has, by its title, or a new one; `due` is a span from now."""
    for told in tasks:
        task = Task.objects.of_incident(incident.pk).filter(title=told["title"]).first()
        task = task or add_task(incident, told["title"], actor=actor)
        wanted: dict[str, Any] = {}
        if "assignee" in told:
            wanted["assignee"] = person(told["assignee"])
        if "due" in told:
            wanted["due"] = now + span(told["due"])
        if "description" in told:
            wanted["description"] = "\n".join(told["description"])
        if "state" in told:
            wanted["state"] = TaskState.from_slug(told["state"])
        if "note" in told:
            wanted["closing_note"] = told["note"]
        change_task(task, TaskChanges(**wanted), actor=actor)
