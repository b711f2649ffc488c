"""A made-up report of the shape that an incident's report has, for measuring the printing alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path

from exports.printing.report import Description, Piece

ROWS_OF_A_PIECE = 125
"""Each piece begins on a new page, and pieces are drawn side by side: few waste pages, many share the work well."""

DESCRIPTION = Description("Incident 42: Beacon", "Incident report", "Watchfloor", "en")
STYLE = """
@page { size: A4; margin: 20mm 18mm 18mm; @top-left { content: "Incident 42"; font-size: 7.5pt; color: #5b6472 }
  @bottom-left { content: "TLP:AMBER"; font-size: 7.5pt; color: #5b6472 } }
html { font: 8.5pt/1.35 "DejaVu Sans", sans-serif; color: #1b2330 }
h1 { font-size: 15pt; margin: 0 0 4mm } h2 { font-size: 11pt; margin: 4mm 0 2mm }
p { margin: 0 0 2mm }
table { table-layout: fixed; border-collapse: collapse; width: 100% }
th, td { border-bottom: .4pt solid #cfd5dd; padding: 1mm 1.2mm; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }
th { background: #eef1f5; font-weight: bold }
tr { break-inside: avoid }
code { font-family: "DejaVu Sans Mono", monospace; font-size: 7pt }
.bar { border-left: 2.5mm solid #c0392b; padding-left: 1mm }
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A part of the report: its rows in columns of given widths, in percent."""

    id: str
    title: str
    columns: Mapping[str, int]
    rows: Sequence[Sequence[str]]

    def html(self, start: int, end: int) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        widths = "".join(f'<col style="width:{width}%">' for width in self.columns.values())
        title = f'<h1 id="{self.id}">{escape(self.title)}</h1>' if start == 0 else ""
        body = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for number, row in enumerate(self.rows[start:end])
        )
        return f"{title}<table><colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True, slots=True)
class MadeUpReport:
    """A cover, a graph and tables."""

    assets: int = 40
    evidence: int = 100
    alerts: int = 150
    entries: int = 500
    nodes: int = 40
    rows_of_a_piece: int = ROWS_OF_A_PIECE
    images: Mapping[str, Path] = field(default_factory=dict)
    description: Description = DESCRIPTION

    @property
    def weight(self) -> int:
        return self.assets + self.evidence + self.alerts + self.entries + self.nodes

    def tables(self) -> tuple[Table, ...]:
        return (
            Table("assets", "Impacted assets", ASSET_COLUMNS, [_asset(n) for n in range(self.assets)]),
            Table("evidence", "Evidence", EVIDENCE_COLUMNS, [_evidence(n) for n in range(self.evidence)]),
            Table("alerts", "Alerts", ALERT_COLUMNS, [_alert(n) for n in range(self.alerts)]),
            Table("log", "Activity log", LOG_COLUMNS, [_entry(n) for n in range(self.entries)]),
        )

    def pieces(self) -> Iterator[Piece]:
        yield Piece("overview", _document(self._overview()), self.nodes)
        for table in self.tables():
            for start in range(0, len(table.rows), self.rows_of_a_piece):
                end = min(start + self.rows_of_a_piece, len(table.rows))
                yield Piece(f"{table.id} from {start}", _document(table.html(start, end)), end - start)

    def front(self, pages: Mapping[str, int], total: int) -> Piece:
        contents = "".join(
            f'<p><a href="page:{name}">{escape(title)}</a> {pages.get(name, 0)}</p>' for name, title in self._parts()
        )
        cover = f"<h1>Beacon to a known address</h1><p>{total} pages</p>"
        return Piece("front", _document(f'{cover}<div style="break-before: page"><h1>Contents</h1>{contents}</div>'))

    def whole(self) -> str:
        """All of it as one document, for a browser."""
        bodies = [piece.html.partition("<body>")[2].rpartition("</body>")[0] for piece in self.pieces()]
        front = self.front({}, 33).html.partition("<body>")[2].rpartition("</body>")[0]
        return _document("".join(f'<div style="break-after: page">{body}</div>' for body in (front, *bodies)))

    def _parts(self) -> list[tuple[str, str]]:
        return [("overview", "Overview"), *((table.id, table.title) for table in self.tables())]

    def _overview(self) -> str:
        facts = "".join(f"<p>{SENTENCE} {number}.</p>" for number in range(12))
        return f'<h1 id="overview">Overview</h1>{facts}<h2>Attack story</h2>{_graph(self.nodes)}'


SENTENCE = "A workstation of the accounting department spoke to an address that is known for command and control"
ASSET_COLUMNS = {"Name": 24, "Kind": 12, "Address": 20, "Owner": 22, "Seen": 22}
EVIDENCE_COLUMNS = {"Type": 12, "Value": 58, "Verdict": 14, "Alerts": 16}
ALERT_COLUMNS = {"Time": 16, "Severity": 12, "Alert": 34, "Process": 38}
LOG_COLUMNS = {"No": 7, "Time (UTC)": 20, "Who": 15, "What": 58}


def _asset(number: int) -> list[str]:
    return [f"ws-{number:03}.example.org", "Device", f"10.4.{number}.17", "Finance, Ana Ruiz", _time(number)]


def _evidence(number: int) -> list[str]:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return ["File", f"<code>{digest}</code>", "Malicious", f"Alert {number}, {number + 1}"]


def _alert(number: int) -> list[str]:
    line = f"powershell.exe -nop -w hidden -enc {hashlib.sha256(str(number).encode()).hexdigest()[:40]}"
    severity = '<span class="bar">High</span>'
    return [_time(number), severity, f"Suspicious process on ws-{number % 40:03}", f"<code>{line}</code>"]


def _entry(number: int) -> list[str]:
    what = f"Severity: Medium → High, because alert {number} tells of a beacon to 203.0.113.{number % 250}"
    return [str(number + 1), _time(number), "ana.ruiz", what]


def _time(number: int) -> str:
    return f"2026-11-02 {number // 60 % 24:02}:{number % 60:02}:{number % 59:02}"


def _graph(nodes: int) -> str:
    places = [(20 + number % 8 * 62, 20 + number // 8 * 50) for number in range(nodes)]
    lines = "".join(
        f'<path d="M{x1} {y1} C{x1 + 30} {y1}, {x2 - 30} {y2}, {x2} {y2}" fill="none" stroke="#7b8794"/>'
        for (x1, y1), (x2, y2) in pairwise(places)
    )
    boxes = "".join(
        f'<rect x="{x - 18}" y="{y - 10}" width="36" height="20" rx="3" fill="#eef1f5" stroke="#4a5568"/>'
        f'<text x="{x}" y="{y + 3}" font-size="7" text-anchor="middle">node {number}</text>'
        for number, (x, y) in enumerate(places)
    )
    height = 40 + (nodes + 7) // 8 * 50
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 {height}" width="500" height="{height}">'
        f"<title>Attack story</title>{lines}{boxes}</svg>"
    )


def _document(body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Incident 42</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )
