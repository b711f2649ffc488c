"""A report: what it says of itself, and the pieces it consists of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join

from accounts.models import Principal
from exports.choices import Part
from exports.document.brief import Brief, Chunk, Section
from exports.document.clock import Clock
from exports.document.front import front_of
from exports.document.images import Images
from exports.document.log_proof import proof_of
from exports.document.margins import margins
from exports.document.parts import SECTIONS
from exports.document.signs import line
from exports.options import ReportOptions
from exports.printing.report import Description, Piece
from incidents.models import Incident
from incidents.queries.merging import merged_into

PIECES = 4
"""Into so many a report of usual size is cut, so that two processes share them about equally."""
SMALLEST, LARGEST = 500, 650
"""What a piece weighs at least, where there is so much, and about at most, so that memory stays flat."""
MOST_HTML = 600_000
"""Characters of a piece after which it ends, whatever it weighs."""


@dataclass(slots=True)
class _Sheet:
    """A piece in the making."""

    chunks: list[Chunk] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def weight(self) -> int:
        return sum(chunk.weight for chunk in self.chunks)

    @property
    def length(self) -> int:
        return sum(len(chunk.html) for chunk in self.chunks)

    def takes(self, chunk: Chunk, most: int) -> bool:
        """Whether something more fits on it."""
        if not self.chunks:
            return True
        return self.weight + chunk.weight <= most * 1.1 and self.length + len(chunk.html) <= MOST_HTML


class IncidentReport:
    """What somebody may see of an incident, as a document. Satisfies exports.printing.report.Report.

    It is counted when it is made, and read piece by piece.
    """

    def __init__(self, brief: Brief) -> None:
        self.brief = brief
        with brief.clock.running():
            self.sections: dict[Part, Section] = {part: SECTIONS[part](brief) for part in Part if brief.has(part)}
        self.weight = max(sum(section.weight for section in self.sections.values()), 1)
        self.most = min(max(-(-self.weight // PIECES), SMALLEST), LARGEST)
        incident = brief.incident
        self.description = Description(
            title=f"Incident {incident.pk}: {line(incident.name)}",
            subject=f"Incident report, {brief.options.marking.label}",
            author=line(brief.made_by),
            language=brief.options.language,
            keywords=("incident report", str(brief.options.marking.label), f"incident {incident.pk}"),
        )

    @property
    def images(self) -> Mapping[str, Path]:
        return self.brief.images.paths

    def pieces(self) -> Iterator[Piece]:
        """Each is read when it is asked for, a bounded number of rows at a time."""
        sheet, number = _Sheet(), 1
        for part, section in self.sections.items():
            chunks = section.chunks(self.most)
            while (chunk := self._next(chunks)) is not None:
                if not sheet.takes(chunk, self.most):
                    yield self._piece(sheet, number)
                    sheet, number = _Sheet(), number + 1
                sheet.chunks.append(chunk)
                sheet.parts.append(part)
        if sheet.chunks:
            yield self._piece(sheet, number)

    def front(self, pages: Mapping[str, int], total: int) -> Piece:
        with self.brief.clock.running():
            return Piece("front", front_of(self.brief, self.sections.keys(), pages, total), 0)

    def _next(self, chunks: Iterator[Chunk]) -> Chunk | None:
        """The next stretch, read in the zone of the report, which does not last beyond it."""
        with self.brief.clock.running():
            return next(chunks, None)

    def _piece(self, sheet: _Sheet, number: int) -> Piece:
        parts = list(dict.fromkeys(sheet.parts))
        name = f"{number}-{'-'.join(part.slug for part in parts)}"
        first = sheet.chunks[0].continues
        continued = format_html('<p class="continued">{}, continued</p>', first) if first else ""
        body = format_html_join("\n", "{}", [(continued,), *((chunk.html,) for chunk in sheet.chunks)])
        html = render_to_string("exports/report/piece.html", {**margins(self.brief), "body": body})
        return Piece(name, html, sheet.weight)


def report_of(
    incident: Incident, options: ReportOptions, reader: Principal, *, made_at: datetime, made_by: str
) -> IncidentReport:
    """The report of an incident as this person or token may see it; raises Incident.DoesNotExist where they may not."""
    visible = Incident.objects.visible_to(reader).select_related("assignee_user", "assignee_team")
    found = visible.prefetch_related("tags").get(pk=incident.pk)
    merged = merged_into(found, reader)
    brief = Brief(
        incident=found,
        options=options,
        reader=reader,
        made_at=made_at,
        made_by=made_by,
        clock=Clock(options.time_zone),
        images=Images(reader),
        merged=merged,
        proof=proof_of([found.pk, *merged]),
    )
    return IncidentReport(brief)
