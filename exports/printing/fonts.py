"""Fonts of a report: each stands in the file once, with the letters of all its pieces.

A piece is drawn without fonts and notes which letters it needs; glyphs keep their numbers, so that the joined file has
one font where each piece would have brought its own. That is a third of the size and spares each piece the cutting.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydyf
import weasyprint.pdf
from weasyprint.pdf.fonts import Font, build_fonts_dictionary
from weasyprint.text.ffi import ffi, harfbuzz

PLAIN = (
    *("index", "style", "family", "variations", "weight", "hash", "ascent", "descent", "tables", "italic_angle"),
    *("upem", "glyph_count", "stemv", "stemh", "flags", "font_size"),
)
"""What a font is, apart from the letters that are used of it."""

ffi.cdef(
    """
    hb_blob_t * hb_blob_create (
        const char *data, unsigned int length, int mode, void *user_data, void *destroy);
    hb_face_t * hb_face_create (hb_blob_t *blob, unsigned int index);
    """
)
_DUPLICATE = 0


def keep_apart(folder: Path) -> list[dict[str, Any]]:
    """From here on fonts are noted in the list that is returned, their files kept in the folder, and not embedded."""
    kept: list[dict[str, Any]] = []

    def note(pdf: pydyf.PDF, used: dict[Any, Any], compress: bool, subset: bool, options: Any) -> pydyf.Dictionary:
        plain = {key: font for key, font in used.items() if _may_be_shared(font)}
        for font in plain.values():
            kept.append(_noted(font, folder))
        others = {key: font for key, font in used.items() if key not in plain}
        return build_fonts_dictionary(pdf, others, compress, subset, options)

    weasyprint.pdf.build_fonts_dictionary = note
    return kept


def _may_be_shared(font: Any) -> bool:
    """Pictures as letters, and letters that a font does not have, are numbered by the piece."""
    return not (font.bitmap or font.png or font.svg or font.colr or font.missing or "fvar" in font.tables)


def _noted(font: Any, folder: Path) -> dict[str, Any]:
    digest = hashlib.sha256(font.file_content).hexdigest()
    path = folder / f"{digest}.font"
    if not path.exists():
        whole = folder / f"{digest}.{os.getpid()}.part"
        # Two children may find the same font at the same time.
        whole.write_bytes(font.file_content)
        whole.rename(path)
    return {
        **{name: getattr(font, name) for name in PLAIN},
        "name": font.name.decode(),
        "file": digest,
        "widths": font.widths,
        "texts": font.to_unicode,
    }


def joined(notes: Iterable[dict[str, Any]], folder: Path) -> tuple[bytes, dict[str, Any]]:
    """A file that holds nothing but the fonts of all the notes, each with the letters of all; and what they are."""
    merged: dict[str, dict[str, Any]] = {}
    for note in notes:
        known = merged.setdefault(note["hash"], {**note, "widths": {}, "texts": {}})
        for kind in ("widths", "texts"):
            for glyph, told in note[kind].items():
                # A glyph may stand for two letters that look alike; as within a piece, the first is what it is read as.
                known[kind].setdefault(int(glyph), told)
    pdf = pydyf.PDF()
    options = {**weasyprint.DEFAULT_OPTIONS, "pdf_version": "1.7"}
    found = build_fonts_dictionary(
        pdf, {name: _font(note, folder) for name, note in merged.items()}, True, True, options
    )
    pdf.catalog["Fonts"] = found
    file = io.BytesIO()
    pdf.write(file, b"1.7", False, False)
    return file.getvalue(), merged


def _font(note: dict[str, Any], folder: Path) -> Any:
    """A font as WeasyPrint knows it, made of a note and its file instead of a text that was laid out."""
    font = Font.__new__(Font)
    for name in PLAIN:
        setattr(font, name, note[name])
    font.name = note["name"].encode()
    font.file_content = (folder / f"{note['file']}.font").read_bytes()
    blob = harfbuzz.hb_blob_create(font.file_content, len(font.file_content), _DUPLICATE, ffi.NULL, ffi.NULL)
    font.hb_face = ffi.gc(harfbuzz.hb_face_create(blob, font.index), harfbuzz.hb_face_destroy)
    font.widths, font.to_unicode, font.missing = note["widths"], note["texts"], {}
    font.bitmap = font.png = font.svg = font.colr = font.used_in_forms = False
    return font
