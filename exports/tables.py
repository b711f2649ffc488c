"""Tables that leave the house: as CSV, safe to open in a spreadsheet, or as JSON; times in UTC.

Each is made of batches of rows and comes as pieces of text, so that no more than a batch is held.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""

UNSEEN = "\\s\x00-\x1f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
"""What some spreadsheets cut off at the start of a cell, or do not see there."""
FORMULA = re.compile(f"[\t\r\n\x00]|[{UNSEEN}]*[=+@\\-\uff1d\uff0b\uff20\uff0d\ufe66\ufe62\ufe6b\ufe63]")
"""What makes a spreadsheet take a cell for a formula. Source: OWASP, CSV injection; the signs are plain, full-width and
small ones."""

Batches = Iterable[Sequence[Sequence[Any]]]


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_text(header: Sequence[str], batches: Batches) -> Iterator[str]:
    """A CSV document, every cell quoted."""
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    yield BYTE_ORDER_MARK + writer.writerow(header)
    for rows in batches:
        yield "".join([writer.writerow([safe_cell(value) for value in row]) for row in rows])


def json_text(header: Sequence[str], batches: Batches) -> Iterator[str]:
    """One JSON array with an object for each row. A document that was cut off has no closing bracket, so that nobody
    takes a part for the whole."""
    yield "["
    mark = "\n"
    for rows in batches:
        if rows:
            yield mark + ",\n".join(_objects(header, rows))
            mark = ",\n"
    yield "\n]\n"


def ndjson_text(header: Sequence[str], batches: Batches) -> Iterator[str]:
    """A JSON object on each line."""
    for rows in batches:
        yield "".join(f"{text}\n" for text in _objects(header, rows))


def _objects(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [
        json.dumps(dict(zip(header, map(plain, row), strict=True)), ensure_ascii=False, allow_nan=False) for row in rows
    ]


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    return _moment(value) if isinstance(value, datetime) else value


def safe_cell(value: Any) -> str:
    """A value as text that no spreadsheet runs: what would start a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    text = str(value)
    return f"'{text}" if FORMULA.match(text) and not isinstance(value, int | float) else text


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
