"""What a report says in words: the summary, what people concluded, and what should be done next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.template.loader import render_to_string

from exports.choices import Part
from exports.document.brief import Brief, Chunk
from exports.document.paper import on_paper
from exports.document.signs import line
from incidents.models import Task
from incidents.queries.next_steps import NextStep, by_phase, next_steps
from incidents.queries.what_happened import facts_of
from incidents.what_happened import paragraphs, plain

LEAD, STEP = 30, 4


class Texts:
    """Written by the system, by analysts, and by the senders of alerts."""

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        self.steps = next_steps(brief.incident)
        self.weight = LEAD + STEP * len(self.steps)

    def chunks(self, most: int) -> Iterator[Chunk]:
        incident = self.brief.incident
        tasks = list(Task.objects.of_incident(incident.pk).exclude(closing_note=""))
        note = [incident.resolution_note] if incident.resolution_note else []
        rendered = on_paper([*note, *(task.closing_note for task in tasks)], self.brief.images)
        closing = zip(tasks, rendered[len(note) :], strict=True)
        values = {
            "heading": self.brief.heading(Part.TEXTS),
            "summary": [line(each) for each in plain(paragraphs(facts_of(incident))).splitlines()],
            "note": rendered[: len(note)],
            "closing_notes": [{"title": line(task.title), "text": html} for task, html in closing],
            "phases": [{"name": name, "steps": _steps(steps)} for name, steps in by_phase(self.steps)],
        }
        yield Chunk(render_to_string("exports/report/texts.html", values), self.weight)


def _steps(steps: Sequence[NextStep]) -> list[dict[str, Any]]:
    return [{"text": line(step.text), "named": _named(step)} for step in steps]


def _named(step: NextStep) -> str:
    """The alerts that a step comes with."""
    titles = ", ".join(f"“{line(title)}”" for title in dict.fromkeys(title for _, title in step.named))
    return f"{titles} and {step.more:,} more" if step.more > 0 else titles
