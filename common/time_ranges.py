"""Ranges of time as they stand in addresses and in the search text: `7d`, `>-7d`, `2026-11-01..2026-11-08`, `today`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"\A(\d{1,4})([mhdw])\Z", re.ASCII)
_COMPARED = re.compile(r"\A([<>]=?)(.+)\Z", re.DOTALL)
_NAMED = {"today": 0, "yesterday": 1}
"""Days ago."""
_INSTANT = timedelta(microseconds=1)
"""The database tells no shorter times apart."""
FORM = "write 24h, 7d, >-7d, today, a date, or two dates such as 2026-11-01..2026-11-08"


class BadRange(ValueError):
    """A text that is no range of time; the message says what to write."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From (inclusive) until (exclusive); None where it is open."""

    since: datetime | None
    until: datetime | None


def parse_range(text: str, now: datetime | None = None) -> TimeRange:
    """Read a range; dates are days in the reader's own zone. Raises BadRange.

    `7d` and `>-7d` are the last seven days, `<-7d` all before; `2026-11-01` is a day, `>=2026-11-01` that and later.
    """
    span = _ago(text, now)
    if span:
        return TimeRange(span, None)
    compared = _COMPARED.match(text)
    if compared:
        return _compared(compared[1], compared[2], now)
    if text in _NAMED or (".." not in text and "T" not in text):
        return _whole(text, now)
    since, dots, until = text.partition("..")
    if not dots or not (since or until):
        raise BadRange(f"“{text[:60]}” is no range of time; {FORM}.")
    return TimeRange(_whole(since, now).since if since else None, _whole(until, now).until if until else None)


def range_in_words(text: str) -> str:
    """The range as a chip shows it: "last 7 days"."""
    if _SPAN.match(text):
        return f"last {_span_in_words(text).removeprefix('1 ')}"
    compared = _COMPARED.match(text)
    if compared:
        sign, what = compared[1], compared[2]
        if what.startswith("-"):
            words = _span_in_words(what[1:])
            return f"last {words.removeprefix('1 ')}" if sign.startswith(">") else f"more than {words} ago"
        word = {">": "after", ">=": "since", "<": "before", "<=": "until"}[sign]
        return f"{word} {what.replace('T', ' ')}"
    since, dots, until = text.partition("..")
    if not dots:
        return text
    if not until:
        return f"since {since.replace('T', ' ')}"
    if not since:
        return f"until {until.replace('T', ' ')}"
    return f"{since.replace('T', ' ')} to {until.replace('T', ' ')}"


def _span_in_words(text: str) -> str:
    span = _SPAN.match(text)
    if not span:
        return text
    number, unit = int(span[1]), _UNITS[span[2]]
    return f"1 {unit[:-1]}" if number == 1 else f"{number} {unit}"


def _ago(text: str, now: datetime | None) -> datetime | None:
    """The moment so long ago; None for what is no span such as `7d`."""
    span = _SPAN.match(text)
    return (now or timezone.now()) - timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else None


def _compared(sign: str, text: str, now: datetime | None) -> TimeRange:
    if text.startswith("-"):
        moment = _ago(text[1:], now)
        if moment is None:
            raise BadRange(f"“{text[:60]}” is no span of time; {FORM}.")
        return TimeRange(moment, None) if sign.startswith(">") else TimeRange(None, moment)
    whole = _whole(text, now)
    assert whole.until is not None
    after = whole.until if whole.since != whole.until else whole.until + _INSTANT
    ranges = {
        ">": TimeRange(after, None),
        ">=": TimeRange(whole.since, None),
        "<": TimeRange(None, whole.since),
        "<=": TimeRange(None, after),
    }
    return ranges[sign]


def _whole(text: str, now: datetime | None) -> TimeRange:
    """A date's beginning and the next day's; a moment is its own end."""
    if text in _NAMED:
        today = timezone.localtime(now)
        return _day(datetime(today.year, today.month, today.day) - timedelta(days=_NAMED[text]))
    try:
        day = parse_date(text)
        moment = parse_datetime(text)
    except ValueError:
        raise BadRange(f"“{text[:60]}” is no date in the calendar; {FORM}.") from None
    if day is not None and len(text) <= 10:
        moment = datetime(day.year, day.month, day.day)
    if moment is None or not 1970 <= moment.year <= 2200:
        raise BadRange(f"“{text[:60]}” is no date; {FORM}.")
    if day is not None:
        return _day(moment)
    moment = _aware(moment)
    return TimeRange(moment, moment)


def _day(midnight: datetime) -> TimeRange:
    return TimeRange(_aware(midnight), _aware(midnight + timedelta(days=1)))


def _aware(moment: datetime) -> datetime:
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def utc(moment: datetime | None) -> str | None:
    """A time as everything that leaves the house has it: "2026-11-02T12:00:00Z"."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None
