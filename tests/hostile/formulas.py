"""Whether a spreadsheet would take a cell for a formula, as wide as the spreadsheets together are."""

from __future__ import annotations

import unicodedata

SIGNS = "=+-@"
"""What a formula starts with in Excel, LibreOffice or Google Sheets. Source: OWASP, CSV injection."""
INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""Categories of signs that one of them may cut off or not see at the start of a cell."""


def starts_formula(cell: str) -> bool:
    """Of the text that a parser of CSV gives back for a cell. Numbers are none: they are what they say."""
    if cell[:1] in ("\t", "\r", "\n", "\0"):
        return True
    seen = next((sign for sign in cell if unicodedata.category(sign) not in INVISIBLE), "")
    return unicodedata.normalize("NFKC", seen) in SIGNS and bool(seen) and not _is_number(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii()
