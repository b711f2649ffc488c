"""Each page says which of how many it is, at the right of its foot."""

from __future__ import annotations

from typing import Any

from pikepdf import Array, Pdf

SIZE = 7.5
RIGHT, BOTTOM = 18 / 25.4 * 72, 10.35 / 25.4 * 72
"""Where the text ends, from the right edge, and its line above the lower edge: that of the foot in report.css."""
NUMBERS = "/PageNumbers"
"""The name of their font on each page."""
GREY = (0.361, 0.396, 0.451)


def number_pages(out: Pdf, font: dict[str, Any]) -> None:
    """Writes on all pages, as an artifact, which is not read aloud."""
    glyphs = {text: glyph for glyph, text in font["texts"].items()}
    keep = out.make_stream(b"q\n")
    total = len(out.pages)
    for number, page in enumerate(out.pages, 1):
        text = f"Page {number} of {total}"
        width = sum(font["widths"][glyphs[letter]] for letter in text) * SIZE / 1000
        codes = "".join(f"{glyphs[letter]:04x}" for letter in text)
        left = float(page.mediabox[2]) - RIGHT - width
        drawn = (
            f"Q\n/Artifact <</Type /Pagination /Subtype /Footer>> BDC\nBT\n{GREY[0]} {GREY[1]} {GREY[2]} rg\n"
            f"{NUMBERS} {SIZE} Tf\n{left:.2f} {BOTTOM:.2f} Td\n<{codes}> Tj\nET\nEMC\n"
        )
        page.obj.Contents = Array([keep, page.obj.Contents, out.make_stream(drawn.encode())])
