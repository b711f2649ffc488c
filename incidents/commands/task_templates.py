"""Templates of tasks: named lists, and putting one on an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db.models.functions import Lower
from django.utils import timezone

from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from incidents import verbs
from incidents.changes import Item
from incidents.commands.change import lock
from incidents.commands.tasks import draft_of_new, next_position, write
from incidents.models import Incident, Task, TaskTemplate, TaskTemplateItem, fold_names
from incidents.rules.tasks import (
    LONGEST_TEMPLATE_NAME,
    MOST_HOURS,
    MOST_ITEMS,
    check_room,
    check_task_text,
    check_title,
    not_there_yet,
)


@command
def save_task_template(name: str, items: Sequence[Item], *, actor: Actor) -> TaskTemplate:
    """Keep a list of tasks under a name. Raises Refused for a name that is taken, or a list without tasks."""
    name, items = _checked(name, items)
    template = TaskTemplate(name=name, changed_by=actor.label[:200])
    template.save()
    _put(template, items)
    changes = [Change("name", None, name), Change("tasks", None, _logged(items))]
    _record(verbs.TASK_TEMPLATE_SAVED, actor, template, changes)
    return template


@command
def change_task_template(
    template: TaskTemplate, name: str, items: Sequence[Item], *, based_on: int | None = None, actor: Actor
) -> TaskTemplate:
    """Give a template another name or other tasks. Tasks that incidents have from it stay as they are.

    Raises Refused where somebody else has changed it since version `based_on`.
    """
    template = _lock(template)
    if template.deleted_at is not None:
        raise Refused("Somebody has deleted this template meanwhile.")
    name, items = _checked(name, items, but=template)
    old = items_of(template)
    changes = [Change("name", template.name, name)] if name != template.name else []
    if _logged(items) != _logged(old):
        changes.append(Change("tasks", _logged(old), _logged(items)))
    if not changes:
        return template
    if based_on is not None and based_on != template.version:
        raise Refused(
            f"{template.changed_by} has changed this template while you did. Open it in another window, and put "
            "into this form what you want to keep; saving again replaces it."
        )
    template.name, template.changed_by = name, actor.label[:200]
    template.version, template.updated_at = template.version + 1, timezone.now()
    template.save()
    _put(template, items)
    _record(verbs.TASK_TEMPLATE_CHANGED, actor, template, changes)
    return template


@command
def delete_task_template(template: TaskTemplate, *, actor: Actor) -> None:
    """Offer the template no more; tasks that incidents have from it stay."""
    template = _lock(template)
    if template.deleted_at is not None:
        return
    changes = [Change("name", template.name, None), Change("tasks", _logged(items_of(template)), None)]
    template.deleted_at = timezone.now()
    template.save(update_fields=["deleted_at"])
    _record(verbs.TASK_TEMPLATE_DELETED, actor, template, changes)


@command
def apply_task_template(
    incident: Incident, template: TaskTemplate, *, actor: Actor, batch: UUID | None = None
) -> list[Task]:
    """Put the template's tasks on the incident, behind those that it has; one of the same title is not put there a
    second time. The tasks that came."""
    incident = lock(incident)
    if template.deleted_at is not None:
        raise Refused("This template was deleted; choose another one.", field="template")
    items = items_of(template)
    present = Task.objects.of_incident(incident.pk).values_list("title", flat=True)
    chosen = [items[position] for position in not_there_yet([item.title for item in items], present)]
    if not chosen:
        return []
    check_room(incident.tasks_total, len(chosen))
    batch, now, first = batch or uuid4(), timezone.now().replace(second=0, microsecond=0), next_position(incident)
    tasks = Task.objects.bulk_create(
        Task(
            incident=incident,
            title=item.title,
            description=item.description,
            position=first + place,
            due_at=now + timedelta(hours=item.due_hours) if item.due_hours else None,
        )
        for place, item in enumerate(chosen)
    )
    facts = {
        "template": template.name,
        "template_id": template.pk,
        "tasks": "one task" if len(tasks) == 1 else f"{len(tasks)} tasks",
    }
    applied = Draft(verbs.TEMPLATE_APPLIED, actor, incident_id=incident.pk, facts=facts, batch=batch)
    write(incident, [applied], quiet=[draft_of_new(task, actor, batch) for task in tasks])
    return tasks


def items_of(template: TaskTemplate) -> list[Item]:
    return [Item(item.title, item.description, item.due_hours) for item in template.items.order_by("position")]


def _checked(name: str, items: Sequence[Item], but: TaskTemplate | None = None) -> tuple[str, list[Item]]:
    name = " ".join(name.split())
    if not name:
        raise Refused("A template needs a name, such as the kind of incident it is for.", field="name")
    if "\x00" in name:
        raise Refused("A name cannot hold a NUL character; remove it.", field="name")
    if len(name) > LONGEST_TEMPLATE_NAME:
        raise Refused(f"The name has {len(name)} characters; {LONGEST_TEMPLATE_NAME} are allowed.", field="name")
    same = TaskTemplate.objects.annotate(folded=Lower("name")).filter(deleted_at=None, folded=fold_names([name])[name])
    if same.exclude(pk=but.pk if but else 0).exists():
        raise Refused("There is a template of this name already; choose another name.", field="name")
    if not items:
        raise Refused("A template needs at least one task.", field="items")
    if len(items) > MOST_ITEMS:
        raise Refused(f"A template has at most {MOST_ITEMS} tasks; this has {len(items)}.", field="items")
    checked = [
        Item(check_title(item.title, "items"), check_task_text(item.description, "items"), item.due_hours or None)
        for item in items
    ]
    if any(item.due_hours and not 0 < item.due_hours <= MOST_HOURS for item in checked):
        raise Refused("A task is due within a year at most; write fewer hours.", field="items")
    if len(not_there_yet([item.title for item in checked], [])) < len(checked):
        raise Refused("Two tasks have the same title; an incident would get only one of them.", field="items")
    return name, checked


def _put(template: TaskTemplate, items: Sequence[Item]) -> None:
    template.items.all().delete()
    TaskTemplateItem.objects.bulk_create(
        TaskTemplateItem(template=template, position=position, **asdict(item)) for position, item in enumerate(items)
    )


def _logged(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Tasks as the log has them: `label` is what people read."""
    return [asdict(item) | {"label": item.title} for item in items]


def _lock(template: TaskTemplate) -> TaskTemplate:
    return TaskTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)


def _record(verb: Verb, actor: Actor, template: TaskTemplate, changes: Sequence[Change]) -> None:
    """In the system's own stream."""
    subject = Subject("task_template", str(template.pk), template.name)
    record(Draft(verb, actor, subject=subject, changes=changes))
