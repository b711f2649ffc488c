"""Until when an incident can be put off."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from common.errors import Refused
from incidents.choices import OPEN_STATUSES, IncidentStatus

MORNING = time(8)
LONGEST_SNOOZE = timedelta(days=366)

SNOOZES: dict[str, str] = {
    "1h": "1 hour",
    "4h": "4 hours",
    "tomorrow": "Tomorrow, 08:00",
    "monday": "Next Monday, 08:00",
}
"""The usual times to snooze until."""


def check_snooze(status: IncidentStatus, until: datetime, now: datetime) -> None:
    """Raises Refused unless an incident of this status may be snoozed until then."""
    if status not in OPEN_STATUSES:
        raise Refused(f"Only an open incident can be snoozed; this one is {status.label.lower()}.", field="until")
    if until <= now:
        raise Refused("This time has passed already; choose a later one.", field="until")
    if until > now + LONGEST_SNOOZE:
        raise Refused("A snooze lasts a year at most; choose an earlier time.", field="until")


def snooze_until(word: str, now: datetime) -> datetime:
    """When one of SNOOZES ends, from now in the person's own zone. Mornings are theirs, summer time or not."""
    if word == "1h":
        return now + timedelta(hours=1)
    if word == "4h":
        return now + timedelta(hours=4)
    days = 1 if word == "tomorrow" else 7 - now.weekday()
    return datetime.combine(now.date() + timedelta(days=days), MORNING, tzinfo=now.tzinfo)
