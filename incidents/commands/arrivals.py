"""What entries say of alerts, tasks and evidence that come to an incident, so that its log alone tells what it had."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from alerts.choices import AlertStatus, Severity
from alerts.models import Alert, Evidence
from common.defang import defang
from incidents.commands.belongings import EVIDENCE
from incidents.commands.tasks import values_of
from incidents.models import Task

TASKS = Task._meta.label_lower
SHOWN_OF_TASKS = ("title", "state", "assignee", "due_at")


def joined(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Every alert that came, put together where title, severity and status are the same: a thousand alerts of one
    detector are one line and their ids."""
    groups: dict[tuple[str, int, int], list[int]] = {}
    for alert in alerts:
        groups.setdefault((alert.title, alert.severity, alert.status), []).append(alert.pk)
    return joined_rows(groups)


def joined_rows(groups: Mapping[tuple[str, int, int], list[int]]) -> list[dict[str, Any]]:
    """The same of alerts that are put together already: title, severity and status → ids."""
    return [
        {"title": title, "severity": Severity(severity).slug, "status": AlertStatus(status).slug, "ids": ids}
        for (title, severity, status), ids in groups.items()
    ]


def brought(moved: Iterable[Mapping[str, Iterable[int]]]) -> dict[str, Any]:
    """The tasks and the evidence added by hand that came along, table by table as incidents/commands/belongings.py has
    them, with what they are like."""
    tables = list(moved)
    task_ids = [key for table in tables for key in table.get(TASKS, ())]
    piece_ids = [key for table in tables for key in table.get(EVIDENCE, ())]
    facts: dict[str, Any] = {}
    if task_ids:
        rows = Task.objects.filter(pk__in=task_ids).select_related("assignee_user", "assignee_team").order_by("pk")
        facts["tasks_joined"] = [_task(task) for task in rows]
    if piece_ids:
        pieces = Evidence.objects.filter(pk__in=piece_ids).select_related("entity").order_by("pk")
        facts["evidence_joined"] = [_piece(piece) for piece in pieces]
    return facts


def left(alert_ids: Iterable[int], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same of what went away: its ids alone."""
    gone: dict[str, Any] = {"alerts_left": list(alert_ids)}
    for name in ("tasks", "evidence"):
        if f"{name}_joined" in facts:
            gone[f"{name}_left"] = [each["id"] for each in facts[f"{name}_joined"]]
    return gone


def _task(task: Task) -> dict[str, Any]:
    values = values_of(task)
    return {"id": task.pk, **{name: values[name] for name in SHOWN_OF_TASKS}, "removed": task.removed_at is not None}


def _piece(piece: Evidence) -> dict[str, Any]:
    return {
        "id": piece.entity_id,
        "label": defang(piece.entity.name, piece.entity.kind)[:300],
        "verdict": piece.verdict,
        "remediation_status": piece.remediation_status,
    }
