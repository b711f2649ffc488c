"""Times as senders write them, to aware times in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

YEARS_FROM = 1970
"""Times before this year are mistakes: the zero of some sender's clock."""

HOURS_AHEAD = 24
"""How far in the future a time may lie of something that has happened: a clock set to another zone, but no more."""

_RFC_3339 = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[Tt ]"
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,30}))?"
    r" ?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
"""RFC 3339, with the space and the zone without a colon that senders use too."""

_LOG_ANALYTICS = re.compile(
    r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}),? "
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d{1,30}))? (?P<half>[AaPp])[Mm]",
    re.ASCII,
)
"""How the portal of Azure Log Analytics exports times to CSV: 1/12/2019, 6:41:44.000 AM."""


class TimeProblem(ValueError):
    """A text that is no usable time; the message is a sentence."""


def parse_time(text: str, now: datetime | None, *, naive_is_utc: bool = False) -> datetime:
    """The moment that `text` names, in UTC and to the microsecond; further digits are cut off.

    Refused: anything without a zone (unless the format says that its naive times are UTC), years before 1970, and
    moments more than 24 hours after `now`, unless that is None.
    """
    match = _RFC_3339.fullmatch(text.strip()) or (_LOG_ANALYTICS.fullmatch(text.strip()) if naive_is_utc else None)
    if match is None:
        raise TimeProblem("This is not a time; write it like 2026-03-01T09:30:00Z.")
    parts = match.groupdict()
    zone = _zone(parts.get("zone"), naive_is_utc)
    try:
        moment = _moment(parts, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise TimeProblem("There is no such day or hour; correct the time.") from None
    if moment.year < YEARS_FROM:
        raise TimeProblem(f"The time lies before {YEARS_FROM}; send the real time, or leave the field out.")
    if now is not None and moment > now + timedelta(hours=HOURS_AHEAD):
        raise TimeProblem(f"The time lies more than {HOURS_AHEAD} hours in the future; check the sender's clock.")
    return moment


def _zone(text: str | None, naive_is_utc: bool) -> timezone:
    if text is None:
        if naive_is_utc:
            return UTC
        raise TimeProblem("The time has no zone; add Z for UTC or an offset like +02:00.")
    if text in "Zz":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes >= 24 * 60 or int(text[-2:]) >= 60:
        raise TimeProblem("There is no such offset from UTC; write it like +02:00.")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _moment(parts: dict[str, str | None], zone: timezone) -> datetime:
    year, month, day, hour, minute, second = (
        int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    microsecond = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if half in "Pp" else 0)
    if second == 60:  # a leap second, which Python does not know, is the end of the second before it
        second, microsecond = 59, 999_999
    return datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
