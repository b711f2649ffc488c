"""The drawn pieces of a report become one file: pages in order, one structure, one outline, each font once."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from pikepdf import ObjectStreamMode, Pdf

from exports.printing.fonts import joined
from exports.printing.joining.links import Places, lead
from exports.printing.joining.metadata import describe
from exports.printing.joining.numbering import NUMBERS, number_pages
from exports.printing.joining.outline import outline
from exports.printing.joining.structure import Structure
from exports.printing.report import Description

__all__ = ["join"]


def join(job: Path, notes: Mapping[int, dict[str, Any]], numbers: dict[str, Any], description: Description) -> None:
    """Writes report.pdf. `notes` tells of each piece, in order; `numbers` of what the pages' numbers are written in."""
    out = Pdf.new()
    fonts, known = _fonts(out, job, [numbers, *notes.values()])
    letters = numbers["fonts"][0]
    structure, places = Structure(out), Places(out)
    bookmarks: list[tuple[int, str, int, float, float]] = []
    for number, note in notes.items():
        first = len(out.pages)
        with Pdf.open(job / f"{number}.pdf") as piece:
            out.pages.extend(piece.pages)
            structure.add(piece, first)
        # All pages of a piece, and what they show, share one dictionary of fonts. A font that lacks letters is the
        # piece's own.
        own = out.pages[first].Resources.Font
        for name, font in fonts.items():
            if name not in own:
                own[name] = font
        own[NUMBERS] = fonts[f"/{letters['hash']}"]
        places.add(note["places"], first)
        bookmarks += [(level, text, first + page, x, y) for level, text, page, x, y in note["bookmarks"]]
    lead(out, places, structure)
    structure.finish()
    outline(out, bookmarks)
    number_pages(out, known[letters["hash"]])
    describe(out, description)
    out.save(
        job / "report.pdf",
        object_stream_mode=ObjectStreamMode.generate,
        compress_streams=True,
        min_version="1.7",
    )


def _fonts(out: Pdf, job: Path, notes: list[dict[str, Any]]) -> tuple[Any, dict[str, Any]]:
    content, known = joined((font for note in notes for font in note["fonts"]), job)
    with Pdf.open(BytesIO(content)) as file:
        return dict(out.copy_foreign(file.make_indirect(file.Root.Fonts)).items()), known
