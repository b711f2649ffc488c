"""Small reports for the tests of printing, and how their files are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pypdfium2

from exports.printing import Description, Limits, Piece, Printed, print_report

STYLE = "<style>@page { size: A4; margin: 20mm 18mm } html { font-family: 'DejaVu Sans' }</style>"

DESCRIPTION = Description("Incident 7: <b> & Öl", "Incident report", "Ana Ruiz", "en", ("TLP:AMBER", "incident"))


def whole(body: str, head: str = "") -> str:
    return f'<!doctype html><html lang="en"><head><title>A</title>{STYLE}{head}</head><body>{body}</body></html>'


def pages_of(*texts: str) -> str:
    """A page for each text, the first with a heading of its own."""
    return whole("".join(f'<div style="break-after: page">{text}</div>' for text in texts[:-1]) + texts[-1])


@dataclass
class SmallReport:
    """Pieces as they are given; the front lists the ids with their pages and links to each."""

    htmls: Sequence[str]
    contents: Sequence[str] = ()
    images: Mapping[str, Path] = field(default_factory=dict)
    description: Description = DESCRIPTION
    front_html: str = ""
    asked: list[tuple[Mapping[str, int], int]] = field(default_factory=list)

    @property
    def weight(self) -> int:
        return len(self.htmls)

    def pieces(self) -> Iterator[Piece]:
        for number, html in enumerate(self.htmls):
            yield Piece(f"piece {number}", html)

    def front(self, pages: Mapping[str, int], total: int) -> Piece:
        self.asked.append((dict(pages), total))
        lines = "".join(
            f'<p><a href="page:{escape(name)}">{escape(name)}</a> stands on {pages.get(name, "no page")}</p>'
            for name in self.contents
        )
        return Piece("front", self.front_html or pages_of("<h1>Cover</h1>", f"<h1>Contents</h1>{lines}"))


def ignore(percent: int) -> None:
    pass


def printed(
    report: SmallReport, into: Path, *, limits: Limits | None = None, tell: Callable[[int], None] = ignore
) -> Printed:
    into.mkdir(exist_ok=True)
    return print_report(report, into, limits=limits or Limits(seconds=60), tell=tell)


def texts(path: Path) -> list[str]:
    """The text of each page, as a reader copies it."""
    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    finally:
        document.close()
