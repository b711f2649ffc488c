"""Incidents as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Principal
from alerts.choices import Severity
from alerts.queries.plain import plain_assignee
from common.time_ranges import utc
from incidents.choices import IncidentStatus
from incidents.models import Incident, Task
from incidents.queries.columns import TAG_ORDER, TAG_TEXTS

FIELDS = (
    "id",
    "name",
    "name_is_manual",
    "severity",
    "severity_is_manual",
    "status",
    "classification",
    "determination",
    "assignee_user__username",
    "assignee_user__display_name",
    "assignee_team__slug",
    "assignee_team__name",
    "priority",
    "restricted",
    "alerts_total",
    "alerts_active",
    "service_sources",
    "categories",
    "asset_counts",
    "first_activity",
    "last_activity",
    "created_at",
    "updated_at",
    "resolved_at",
    "resolved_by",
    "resolution_note",
    "snoozed_until",
    "due_at",
    "tasks_total",
    "tasks_open",
    "version",
)


def plain_incidents(ids: Sequence[int], principal: Principal) -> list[dict[str, Any]]:
    """These incidents in this order, as far as this person or token may see them; one statement."""
    found = {row["id"]: row for row in _rows(principal).filter(pk__in=list(ids))} if ids else {}
    return [_plain(found[number]) for number in ids if number in found]


def _rows(principal: Principal) -> QuerySet[Incident, dict[str, Any]]:
    visible = Incident.objects.visible_to(principal)
    return visible.values(
        *FIELDS,
        tag_texts=TAG_TEXTS,
        # an incident that one may not see is not named by those that point to it
        merged_into=Subquery(visible.filter(pk=OuterRef("redirected_to")).values("pk")),
        follows=Subquery(visible.filter(pk=OuterRef("related_to")).values("pk")),
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": row["id"],
        "name": row["name"],
        "name_is_automatic": not row["name_is_manual"],
        "severity": Severity(row["severity"]).slug,
        "severity_is_automatic": not row["severity_is_manual"],
        "status": IncidentStatus(row["status"]).slug,
        "classification": row["classification"],
        "determination": row["determination"],
        "assignee": plain_assignee(row),
        "tags": _tags(row["tag_texts"]),
        "priority": row["priority"],
        "restricted": row["restricted"],
        "alerts": {"total": row["alerts_total"], "active": row["alerts_active"]},
        "assets": row["asset_counts"],
        "sources": row["service_sources"],
        "categories": row["categories"],
        "first_activity": utc(row["first_activity"]),
        "last_activity": utc(row["last_activity"]),
        "created": utc(row["created_at"]),
        "updated": utc(row["updated_at"]),
        "resolved": utc(row["resolved_at"]),
        "resolved_by": row["resolved_by"],
        "resolution_note": row["resolution_note"],
        "snoozed_until": utc(row["snoozed_until"]),
        "due": utc(row["due_at"]),
        "tasks": {"total": row["tasks_total"], "open": row["tasks_open"]},
        "redirected_to": row["merged_into"],
        "related_to": row["follows"],
        "version": row["version"],
    }


def _tags(texts: Sequence[str]) -> list[dict[str, str]]:
    tags = [text.split(" ", 1) for text in texts]
    tags.sort(key=lambda tag: (TAG_ORDER[tag[0]], tag[1].lower()))
    return [{"name": name, "kind": kind} for kind, name in tags]


TASK_FIELDS = (
    *("pk", "title", "description", "state", "due_at", "closing_note", "closed_at", "closed_by"),
    *("assignee_user__username", "assignee_user__display_name", "assignee_team__slug", "assignee_team__name"),
)


def plain_tasks(number: int) -> list[dict[str, Any]]:
    """The tasks of an incident in their order."""
    return [_task(row) for row in Task.objects.of_incident(number).values(*TASK_FIELDS)]


def plain_task(task_id: int) -> dict[str, Any]:
    """One of them."""
    return _task(Task.objects.values(*TASK_FIELDS).get(pk=task_id))


def _task(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["pk"],
        "title": row["title"],
        "description": row["description"],
        "state": row["state"],
        "assignee": plain_assignee(row),
        "due": utc(row["due_at"]),
        "closing_note": row["closing_note"],
        "closed": utc(row["closed_at"]),
        "closed_by": row["closed_by"],
    }


def version_of(number: int) -> int:
    """The version, by now, of an incident that whoever asks has been found to see."""
    return Incident.objects.values_list("version", flat=True).get(pk=number)
