"""The tasks of the incident, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.template.loader import render_to_string

from exports.choices import Part
from exports.document.brief import Brief, Chunk
from exports.document.paper import on_paper
from exports.document.signs import line, status_in_words
from incidents.choices import TaskState
from incidents.models import Task

ROW = 7
TEXTS = ("description", "closing_note")


class Tasks:
    """All that were not removed."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        rows = Task.objects.of_incident(brief.incident.pk).select_related("assignee_user", "assignee_team")
        self.tasks = list(rows)
        self.weight = 10 + ROW * len(self.tasks)

    def chunks(self, most: int) -> Iterator[Chunk]:
        shown = [self._shown(task) for task in self.tasks]
        texts = [(row, name, text) for row, task in zip(shown, self.tasks, strict=True) for name, text in _texts(task)]
        rendered = on_paper([text for _, _, text in texts], self.brief.images)
        for (row, name, _), html in zip(texts, rendered, strict=True):
            row[name] = html
        done = sum(not task.is_open for task in self.tasks)
        values = {"heading": self.brief.heading(Part.TASKS), "tasks": shown, "total": len(shown), "done": done}
        yield Chunk(render_to_string("exports/report/tasks.html", values), self.weight)

    def _shown(self, task: Task) -> dict[str, Any]:
        clock = self.brief.clock
        closed_by = f" by {line(task.closed_by)}" if task.closed_by else ""
        return {
            "title": line(task.title),
            "state": status_in_words(TaskState(task.state)),
            "assignee": line(str(task.assignee)) if task.assignee else "nobody",
            "due": clock.stamp(task.due_at) if task.due_at else "",
            "closed": f"{clock.stamp(task.closed_at)}{closed_by}" if task.closed_at else "",
        }


def _texts(task: Task) -> list[tuple[str, str]]:
    return [(name, getattr(task, name)) for name in TEXTS if getattr(task, name)]
