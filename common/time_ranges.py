"""Ranges of time as they stand in addresses: `7d`, `2026-11-01..2026-11-08`, `2026-11-01T08:00..`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

_SPAN = re.compile(r"\A(\d{1,4})([hd])\Z")
FORM = "write 24h, 7d, or two dates such as 2026-11-01..2026-11-08"


class BadRange(ValueError):
    """A text that is no range of time; the message says what to write."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From (inclusive) until (exclusive); None where it is open."""

    since: datetime | None
    until: datetime | None


def parse_range(text: str, now: datetime | None = None) -> TimeRange:
    """Read a range; dates are days in the reader's own zone. Raises BadRange."""
    span = _SPAN.match(text)
    if span:
        unit = timedelta(hours=1) if span[2] == "h" else timedelta(days=1)
        return TimeRange((now or timezone.now()) - int(span[1]) * unit, None)
    since, dots, until = text.partition("..")
    if not dots or not (since or until):
        raise BadRange(f"“{text[:60]}” is no range of time; {FORM}.")
    return TimeRange(_moment(since, end=False), _moment(until, end=True))


def range_in_words(text: str) -> str:
    """The range as a chip shows it: "last 7 days"."""
    span = _SPAN.match(text)
    if span:
        number, unit = int(span[1]), "hour" if span[2] == "h" else "day"
        return f"last {unit}" if number == 1 else f"last {number} {unit}s"
    since, _, until = text.partition("..")
    if not until:
        return f"since {since.replace('T', ' ')}"
    if not since:
        return f"until {until.replace('T', ' ')}"
    return f"{since.replace('T', ' ')} to {until.replace('T', ' ')}"


def _moment(text: str, *, end: bool) -> datetime | None:
    if not text:
        return None
    try:
        day = parse_date(text)
        moment = parse_datetime(text)
    except ValueError:
        raise BadRange(f"“{text[:60]}” is no date in the calendar; {FORM}.") from None
    if day is not None and len(text) <= 10:
        moment = datetime(day.year, day.month, day.day)
    if moment is None or not 1970 <= moment.year <= 2200:
        raise BadRange(f"“{text[:60]}” is no date; {FORM}.")
    if day is not None and end:
        moment += timedelta(days=1)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
