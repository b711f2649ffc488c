"""Classifications of critical assets and templates of tasks as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.time_ranges import utc
from entities.choices import Criticality
from entities.models import AssetClassification
from incidents.changes import Item
from incidents.models import TaskTemplate
from incidents.queries.critical_assets import Preview, Progress, latest_reassessment


def plain_classifications() -> list[dict[str, Any]]:
    """All of them, the most critical first; one statement."""
    order = {level: rank for rank, level in enumerate(Criticality.values)}
    rows = sorted(AssetClassification.objects.all(), key=lambda one: (order[one.level], one.name.lower()))
    return [plain_classification(each) for each in rows]


def plain_classification(one: AssetClassification) -> dict[str, Any]:
    """How critical such assets are, and how one is recognised."""
    return {
        "number": one.pk,
        "name": one.name,
        "level": one.level,
        "kinds": one.kinds,
        "names": one.names,
        "groups": one.groups,
        "attributes": one.attributes,
        "needs_all": one.needs_all,
        "is_on": one.is_on,
        "is_built_in": bool(one.slug),
        "updated": utc(one.updated_at),
        "version": one.version,
    }


def plain_preview(preview: Preview) -> dict[str, Any]:
    """What saving a classification would mean for assets and open incidents."""
    return {
        "assets": preview.total,
        "is_cut": preview.is_cut,
        "overruled": preview.overruled,
        "named": [{"id": each["id"], "kind": each["slug"], "name": each["name"]} for each in preview.named],
        "incidents_tagged": preview.tagged.plain,
        "incidents_untagged": preview.untagged.plain,
        "incidents_weighed": preview.weighed.plain,
    }


def plain_reassessment() -> dict[str, Any] | None:
    """How far the last change has been carried out; nothing where there was none."""
    found: Progress | None = latest_reassessment()
    if found is None:
        return None
    return {"cause": found.cause, "is_over": found.is_over, "percent": found.percent}


def plain_templates() -> list[dict[str, Any]]:
    """All templates of tasks by name; two statements."""
    rows = TaskTemplate.objects.filter(deleted_at=None).prefetch_related("items").order_by("name", "pk")
    return [
        plain_template(each, [Item(item.title, item.description, item.due_hours) for item in each.items.all()])
        for each in rows
    ]


def plain_template(template: TaskTemplate, items: Sequence[Item]) -> dict[str, Any]:
    """A named list of tasks."""
    return {
        "number": template.pk,
        "name": template.name,
        "tasks": [
            {"title": item.title, "description": item.description, "due_hours": item.due_hours} for item in items
        ],
        "changed_by": template.changed_by or None,
        "updated": utc(template.updated_at),
        "version": template.version,
    }
