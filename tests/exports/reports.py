"""Reports as tests read them: all pieces one after the other, as text and by what they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from accounts.models import Principal
from exports.document import IncidentReport, report_of
from exports.options import ReportOptions
from exports.printing.report import Piece
from incidents.models import Incident
from tests.conftest import NOON


class _Reader(HTMLParser):
    def __init__(self, printed: Printed) -> None:
        super().__init__(convert_charrefs=True)
        self.printed = printed

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.printed.tags.append(tag)
        for name, value in attributes:
            self.printed.attributes.add(name)
            if name in ("href", "src"):
                self.printed.addresses.append(value or "")
            if name == "id":
                self.printed.ids.append(value or "")
        if tag in ("p", "td", "th", "li", "br", "h1", "h2", "h3", "pre", "caption"):
            self.printed.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.printed.parts.append(data)


@dataclass
class Printed:
    """What stands in a report."""

    report: IncidentReport
    pieces: Sequence[Piece]
    parts: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for piece in self.pieces:
            _Reader(self).feed(piece.html)

    @property
    def text(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self.parts).splitlines())
        return "\n".join(filter(None, lines))

    def part(self, name: str) -> str:
        """The text of one part, from its heading on."""
        text = self.text
        start = text.index(name)
        return text[start:]


def printed(incident: Incident, reader: Principal, **options: Any) -> Printed:
    """The pieces that follow the front."""
    report = made(incident, reader, **options)
    return Printed(report, list(report.pieces()))


def front(incident: Incident, reader: Principal, **options: Any) -> Printed:
    """Cover and contents, with every id on page 7."""
    report = made(incident, reader, **options)
    ids = Printed(report, list(report.pieces())).ids
    return Printed(report, [report.front(dict.fromkeys(ids, 7), 31)])


def made(incident: Incident, reader: Principal, **options: Any) -> IncidentReport:
    return report_of(incident, ReportOptions(**options), reader, made_at=NOON, made_by=str(reader))
