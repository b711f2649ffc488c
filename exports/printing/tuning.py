"""WeasyPrint asks Pango for the same things again and again, and reads one style sheet for each piece; here they are
kept. The pages come out the same.

Each text of a report is set twice, once to find its lines and once to be drawn, and each time its fonts are described
anew. Tables have thousands of texts of few styles: a description is kept with its style, and lines that were found are
kept until they are drawn. That is a fifth of the whole time; a test holds the pages against those without.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from tinyhtml5 import inputstream
from weasyprint import css
from weasyprint.text import line_break
from weasyprint.text.ffi import ffi, gobject, pango

from exports.printing.fetching import ASSET

ffi.cdef("PangoLayout * pango_layout_copy (PangoLayout *source);")

BREAKS = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")
"""Where Pango begins a new paragraph."""
DESCRIBED = (
    *("language", "ascent", "underline_position", "strikethrough_position"),
    *("underline_thickness", "strikethrough_thickness"),
)


class KeptLayout(line_break.Layout):
    """A text that Pango has set, ready to be drawn."""

    layout: Any

    def setup(self, style: Any) -> None:
        """A copy of the empty layout that the style was described with first."""
        kept = style.__dict__.get("_kept_layout")
        if kept is None:
            super().setup(style)
            described = {name: self.__dict__[name] for name in DESCRIBED if name in self.__dict__}
            style.__dict__["_kept_layout"] = (_copy(self.layout), described)
            return
        layout, described = kept
        self.__dict__.update(described)
        self.style = style
        self.first_line_direction = 0
        self.layout = _copy(layout)

    def set_text(self, text: str, justify: bool = False) -> None:
        # Drawing asks for one paragraph; asked for at once, where that is the same, it need not be set again.
        pango.pango_layout_set_single_paragraph_mode(self.layout, BREAKS.search(text) is None)
        super().set_text(text, justify)

    def deactivate(self) -> None:
        """Kept until it is drawn."""

    def reactivate(self, style: Any) -> None:
        second_line = pango.pango_layout_get_line_readonly(self.layout, 1)
        if self.justification_spacing or second_line != ffi.NULL:
            super().reactivate(style)


def _copy(layout: Any) -> Any:
    return ffi.gc(pango.pango_layout_copy(layout), gobject.g_object_unref)


def _strut_once(original: Any) -> Any:
    """The height of a line depends on the style alone."""

    def strut(style: Any) -> Any:
        kept = style.__dict__.get("_kept_strut")
        if kept is None:
            kept = style.__dict__["_kept_strut"] = original(style)
        return kept

    return strut


def _sheet_once(original: Any) -> Any:
    """A packaged style sheet is read once, with what it joins: all children of a printer are forked with it."""
    kept: dict[str, Any] = {}

    def sheet(*, url: str = "", page_rules: list[Any], layers: list[Any], **told: Any) -> Any:
        if not ASSET.fullmatch(url) or "matcher" in told:  # one that is joined to another belongs to it
            return original(**({"url": url} if url else {}), page_rules=page_rules, layers=layers, **told)
        if url not in kept:
            kept[url] = original(url=url, page_rules=[], layers=[], **told)
        page_rules += kept[url].page_rules
        layers += kept[url].layers
        return kept[url]

    return sheet


class Runs(dict[tuple[Iterable[str], bool], re.Pattern[str]]):
    """What matches text up to certain characters, or of these alone. The parser means to keep these patterns, but keeps
    each under itself instead of what it was made for, and so makes them anew for each text and tag."""

    def __missing__(self, asked: tuple[Iterable[str], bool]) -> re.Pattern[str]:
        characters, is_of_these = asked
        listed = "".join(f"\\x{ord(character):02x}" for character in characters)
        self[asked] = re.compile(f"[{listed}]+" if is_of_these else f"[^{listed}]+")
        return self[asked]


def tune() -> None:
    """For this process, from here on."""
    inputstream.characters_until_regex = Runs()
    line_break.Layout = KeptLayout
    css.CSS = _sheet_once(css.CSS)
    _replace("strut", line_break.strut, _strut_once(line_break.strut))


def _replace(name: str, original: Any, other: Any) -> None:
    """In every module that has brought it in under its name."""
    for module in [module for known, module in sys.modules.items() if known.startswith("weasyprint.")]:
        if getattr(module, name, None) is original:
            setattr(module, name, other)
