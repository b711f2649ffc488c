"""Whether this machine can draw PDFs, and what it lacks if not."""

from __future__ import annotations

from functools import cache


@cache
def missing_for_pdf() -> str:
    """Empty when PDF reports can be made; otherwise what is missing and how to get it, in a sentence.

    WeasyPrint draws text with pango, which no Python package brings. Everything else works without it.
    """
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return (
            "PDF reports need the pango libraries. On Debian or Ubuntu: "
            "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core; then restart."
        )
    return ""
