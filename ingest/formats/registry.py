"""The formats that are understood, how one is told from another, and the way from records to alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from common.boundary import BoundaryError, check_value, name_type, show_name
from ingest.formats.eve import EVE
from ingest.formats.graph import GRAPH
from ingest.formats.intake import Format, Intake, Refusal
from ingest.formats.native import NATIVE
from ingest.formats.sentinel import SENTINEL
from ingest.parsed import ParsedAlert, RefusedRecord

FORMATS: dict[str, Format] = {each.name: each for each in (NATIVE, GRAPH, EVE, SENTINEL)}

AUTO = "auto"
"""In place of a format's name: look at each record."""

FORMAT_NAMES = (AUTO, *FORMATS)

_DETECTION_ORDER = (EVE, GRAPH, SENTINEL, NATIVE)
"""The formats with the most telling field names first; a native alert could carry a field of any other's name."""


class FormatError(ValueError):
    """A format's name that is not known, or a record that is in none of the formats; the message is a sentence."""


def format_named(name: str) -> Format:
    try:
        return FORMATS[name]
    except KeyError:
        raise FormatError(f"{show_name(name)} is no format; use one of {', '.join(FORMAT_NAMES)}.") from None


def detect(record: Mapping[str, Any]) -> Format:
    """The format that a record is in."""
    for each in _DETECTION_ORDER:
        if each.recognises(record):
            return each
    labels = ", ".join(f"{each.name} ({each.label})" for each in FORMATS.values())
    raise FormatError(f"This looks like none of the formats known: {labels}; name the format or correct the record.")


def parse_records(
    records: Iterable[tuple[int, Any] | RefusedRecord],
    format_name: str = AUTO,
    bound_source: str | None = None,
    *,
    now: datetime | None = None,
) -> Iterator[ParsedAlert | RefusedRecord]:
    """The alerts of records, in order, one broken record never refusing another.

    `records` are pairs of position and value, as `ingest.reading.read_records` yields them, which passes on what it
    could not read as RefusedRecord. An incident of Microsoft Graph yields all its alerts under its one position.
    Raises FormatError at once for an unknown format name.
    """
    chosen = None if format_name == AUTO else format_named(format_name)
    return _parse_all(records, chosen, Intake(now or datetime.now(UTC), bound_source))


def _parse_all(
    records: Iterable[tuple[int, Any] | RefusedRecord], chosen: Format | None, intake: Intake
) -> Iterator[ParsedAlert | RefusedRecord]:
    for record in records:
        if isinstance(record, RefusedRecord):
            yield record
            continue
        position, value = record
        for parsed in _parse_one(value, chosen, intake):
            if isinstance(parsed, Refusal):
                yield RefusedRecord(position, parsed.path, parsed.problem, parsed.external_id)
            else:
                yield parsed


def _parse_one(value: Any, chosen: Format | None, intake: Intake) -> Iterable[ParsedAlert | Refusal]:
    if not isinstance(value, dict):
        return [Refusal("", f"This is {name_type(value)}, not an object; send each alert as one object.")]
    try:
        check_value(value)
    except BoundaryError as error:
        return [Refusal.of(error, _own_id(value))]
    try:
        return (chosen or detect(value)).parse(value, intake)
    except FormatError as error:
        return [Refusal("", str(error))]


def _own_id(record: Mapping[str, Any]) -> str:
    """The sender's id of a record that did not pass the boundary, where that part of it is sound."""
    for name in ("external_id", "id", "SystemAlertId"):
        value = record.get(name)
        if isinstance(value, str) and len(value) <= 300 and value.isprintable():
            return value
    return ""
