"""Pure decisions about incidents: which changes of status are allowed, and what the system calls an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from alerts.rules import in_order_of_attack
from common.errors import Refused
from entities.choices import EntityKind
from incidents.choices import OPEN_STATUSES, IncidentStatus

LONGEST_NOTE = 30_000
"""Characters of a comment or a resolution note."""

MORNING = time(8)

TRANSITIONS: dict[IncidentStatus, tuple[IncidentStatus, ...]] = {
    IncidentStatus.ACTIVE: (IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED),
    IncidentStatus.IN_PROGRESS: (IncidentStatus.ACTIVE, IncidentStatus.RESOLVED),
    IncidentStatus.RESOLVED: OPEN_STATUSES,
    IncidentStatus.REDIRECTED: (),
}


def check_transition(old: IncidentStatus, new: IncidentStatus) -> None:
    """Raises Refused unless an incident may go from `old` to `new` by a person's or rule's act."""
    if new not in TRANSITIONS[old]:
        problem = f"An incident that is {old.label.lower()} cannot become {new.label.lower()}."
        if old == IncidentStatus.REDIRECTED:
            problem = "This incident was merged into another one; work on that one."
        raise Refused(problem, field="status")


def check_text(text: str, field: str) -> str:
    """A comment or note without the space around it; Refused when nothing is left or it is too long."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Refused("Write something first.", field=field)
    if len(text) > LONGEST_NOTE:
        raise Refused(
            f"The text has {len(text):,} characters; {LONGEST_NOTE:,} are allowed. Shorten or split it.", field=field
        )
    if "\x00" in text:
        raise Refused("The text holds a NUL character, which cannot be stored; remove it.", field=field)
    return text


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


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What an automatic name is made of."""

    titles: Sequence[str]
    """Distinct alert titles, the first alert's first; two are enough."""
    categories: Sequence[str]
    asset_counts: dict[str, int]
    """Kind of asset → how many."""
    sources: int
    """How many products reported."""


def automatic_name(facts: NameFacts) -> str:
    """The system's name for an incident: kind, extent, source.

    | alerts | name |
    |---|---|
    | of one kind | the alert's title, with the extent |
    | of several kinds, two or more categories | Multi-stage incident involving the first & the last category |
    | of several kinds, one category | that category's incident |
    | of several kinds, no category | the first title and others |
    """
    categories = in_order_of_attack(facts.categories)
    if len(facts.titles) == 1:
        subject, verb = facts.titles[0], "involving"
    elif len(categories) > 1:
        subject, verb = f"Multi-stage incident involving {categories[0]} & {categories[-1]}", "with"
    elif categories:
        subject, verb = f"{categories[0]} incident", "involving"
    else:
        subject, verb = f"{facts.titles[0]} and other alerts", "involving"
    reported = " reported by multiple sources" if facts.sources > 1 else ""
    name = subject + _extent(facts.asset_counts, verb) + reported
    return name if len(name) <= 500 else name[:499] + "…"


def _extent(asset_counts: dict[str, int], verb: str) -> str:
    devices = asset_counts.get(EntityKind.DEVICE, 0)
    others = [
        _count(asset_counts.get(kind, 0), one, many)
        for kind, one, many in (
            (EntityKind.USER, "user", "users"),
            (EntityKind.MAILBOX, "mailbox", "mailboxes"),
            (EntityKind.APPLICATION, "app", "apps"),
            (EntityKind.CLOUD_RESOURCE, "cloud resource", "cloud resources"),
        )
        if asset_counts.get(kind, 0)
    ][:1]
    if devices:
        endpoints = " on " + _count(devices, "endpoint", "endpoints")
        return endpoints + (f" and {others[0]}" if others else "")
    return f" {verb} {others[0]}" if others else ""


def _count(number: int, one: str, many: str) -> str:
    return f"one {one}" if number == 1 else f"{number:,} {many}"
