"""One piece of a report is laid out and drawn: pages without fonts, and a note of what stands where.

Runs in a child of its own; what is changed in WeasyPrint here is changed for one piece.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import weasyprint
from weasyprint.pdf import generate_pdf

from exports.printing import fonts, structure
from exports.printing.fetching import Fetcher
from exports.printing.structure import POINTS

OPTIONS = {**weasyprint.DEFAULT_OPTIONS, "pdf_tags": True, "pdf_version": "1.7"}


def draw(html: str, into: Path, fetcher: Fetcher, font_configuration: Any) -> None:
    """Writes `into`.pdf and then `into`.json."""
    document = lay_out(html, fetcher, font_configuration)
    _drop_links_outside(document)
    kept = fonts.keep_apart(into.parent)
    pdf = generate_pdf(document, None, 1, **OPTIONS)
    structure.simplify(pdf)
    with into.with_suffix(".pdf").open("wb") as file:
        pdf.write(file, b"1.7", False, False)
    note = {
        "pages": len(document.pages),
        "places": _places(document),
        "bookmarks": _bookmarks(document),
        "fonts": kept,
    }
    into.with_suffix(".json").write_text(json.dumps(note))


def lay_out(html: str, fetcher: Fetcher, font_configuration: Any) -> Any:
    return weasyprint.HTML(string=html, url_fetcher=fetcher).render(font_config=font_configuration)


def _drop_links_outside(document: Any) -> None:
    """Links lead to places of the report alone, and no file is attached, wherever a document asks for it."""
    document.metadata.attachments = []
    for page in document.pages:
        page.links = [
            link for link in page.links if link[0] == "internal" or (link[0] == "external" and link[1][:5] == "page:")
        ]


def _places(document: Any) -> dict[str, tuple[int, float, float]]:
    """Where each id stands: the page from 0, and the point on it."""
    found: dict[str, tuple[int, float, float]] = {}
    for number, page in enumerate(document.pages):
        for name, (x, y, *_) in page.anchors.items():
            found.setdefault(name, (number, *_point(page, x, y)))
    return found


def _bookmarks(document: Any) -> list[tuple[int, str, int, float, float]]:
    """Level, text and place of each heading."""
    return [
        (level, label, number, *_point(page, *place))
        for number, page in enumerate(document.pages)
        for level, label, place, _ in page.bookmarks
    ]


def _point(page: Any, x: float, y: float) -> tuple[float, float]:
    return round(x * POINTS, 2), round((page.height - y) * POINTS, 2)
