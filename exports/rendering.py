"""Whether this machine can draw PDFs, and what it lacks if not."""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import cache

LIBRARIES = (
    ("gobject-2.0", "libgobject-2.0.so.0"),
    ("pango-1.0", "libpango-1.0.so.0"),
    ("pangoft2-1.0", "libpangoft2-1.0.so.0"),
    ("harfbuzz", "libharfbuzz.so.0"),
    ("fontconfig", "libfontconfig.so.1"),
)
"""What WeasyPrint opens when it is imported: by these names on Linux, by what the system finds for them elsewhere."""


@cache
def missing_for_pdf() -> str:
    """Empty when PDF reports can be made; otherwise what is missing and how to get it, in a sentence.

    WeasyPrint draws text with pango, which no Python package brings. Everything else works without it. Only the
    printer imports WeasyPrint (`exports/printing`): here its libraries are looked for.
    """
    if all(_opens(file) or _opens(ctypes.util.find_library(name)) for name, file in LIBRARIES):
        return ""
    return (
        "PDF reports need the pango libraries. On Debian or Ubuntu: "
        "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core; then restart."
    )


def _opens(file: str | None) -> bool:
    """Whether the system finds this library, and all that it needs."""
    if not file:
        return False
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True
