"""What a save of the Manage pane, an API request or a bulk act wants changed. None means: leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from accounts.models import Team, User
from alerts.choices import AlertStatus, Classification, Determination, Severity
from incidents.choices import IncidentStatus, TaskState


class Gone(Exception):
    """Somebody whom stored changes name does not exist any more."""


class _Keep:
    """Marks a field of which None is a value of its own (nobody, automatic)."""

    def __repr__(self) -> str:
        return "KEEP"


KEEP = _Keep()


@dataclass(frozen=True, slots=True)
class Changes:
    """One save. Fields left at their default stay as they are on the incident."""

    name: str | _Keep | None = KEEP
    """None gives naming back to the system."""
    severity: Severity | _Keep | None = KEEP
    """None gives the severity back to the system."""
    assignee: User | Team | _Keep | None = KEEP
    """None leaves the incident to nobody."""
    due: datetime | _Keep | None = KEEP
    """None takes the due date away."""
    snoozed_until: datetime | _Keep | None = KEEP
    """None wakes it."""
    status: IncidentStatus | None = None
    resolution_note: str = ""
    classification: Classification | None = None
    determination: Determination = Determination.NOT_SET
    tags: Sequence[str] | None = None
    """All custom tags it shall have."""
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    comment: str = ""
    names_assignee: bool = False
    """Whether the assignee is named to the incident, where that is restricted and they do not see it."""

    def as_values(self) -> dict[str, Any]:
        """What is to be changed as plain values, people by their ids; `from_values` reads them."""
        return _values(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Changes:
        """The changes that `as_values` wrote down. Raises Gone when their assignee does not exist any more."""
        read = _read(values, IncidentStatus)
        if read.get("severity") is not None:
            read["severity"] = Severity.from_slug(read["severity"])
        for name in ("due", "snoozed_until"):
            if read.get(name) is not None:
                read[name] = datetime.fromisoformat(read[name])
        return cls(**read)

    def is_empty(self) -> bool:
        """Whether nothing is to be changed; no tags to add or remove are none, in whatever sequence."""
        return all(
            not getattr(self, each.name) if each.default == () else getattr(self, each.name) == each.default
            for each in fields(self)
        )


@dataclass(frozen=True, slots=True)
class AlertChanges:
    """What is wanted of some alerts. Fields left at their default stay as they are on each."""

    status: AlertStatus | None = None
    assignee: User | Team | _Keep | None = KEEP
    """None leaves them to nobody."""
    classification: Classification | None = None
    determination: Determination = Determination.NOT_SET
    comment: str = ""
    """Said once on each of their incidents."""

    def as_values(self) -> dict[str, Any]:
        """What is to be changed as plain values, people by their ids; `from_values` reads them."""
        return _values(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> AlertChanges:
        """The changes that `as_values` wrote down. Raises Gone when their assignee does not exist any more."""
        return cls(**_read(values, AlertStatus))

    def is_empty(self) -> bool:
        return self == AlertChanges(determination=self.determination, comment=self.comment) and not self.comment.strip()


@dataclass(frozen=True, slots=True)
class TaskChanges:
    """What is wanted of one task. Fields left at their default stay as they are."""

    title: str | None = None
    description: str | None = None
    assignee: User | Team | _Keep | None = KEEP
    """None leaves it to nobody."""
    due: datetime | _Keep | None = KEEP
    """None takes the due date away."""
    state: TaskState | None = None
    closing_note: str | None = None


def _values(changes: Changes | AlertChanges) -> dict[str, Any]:
    return {
        each.name: _plain(getattr(changes, each.name))
        for each in fields(changes)
        if getattr(changes, each.name) != each.default
    }


def _read(values: dict[str, Any], statuses: type[IncidentStatus | AlertStatus]) -> dict[str, Any]:
    """Plain values with what incidents and alerts have in common read back."""
    read: dict[str, Any] = dict(values)
    if read.get("status") is not None:
        read["status"] = statuses.from_slug(read["status"])
    for name, words in (("classification", Classification), ("determination", Determination)):
        if name in read:
            read[name] = words(read[name])
    if read.get("assignee") is not None:
        read["assignee"] = _person(read["assignee"])
    return read


def _plain(value: Any) -> Any:
    if isinstance(value, User | Team):
        return {"team" if isinstance(value, Team) else "user": value.pk, "label": str(value)}
    if isinstance(value, Severity | IncidentStatus | AlertStatus):
        return value.slug
    if isinstance(value, Classification | Determination):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | list) else value


def _person(value: dict[str, Any]) -> User | Team:
    found: User | Team | None
    if "team" in value:
        found = Team.objects.filter(pk=value["team"]).first()
    else:
        found = User.objects.select_related("role").filter(pk=value["user"]).first()
    if found is None:
        raise Gone("Who they were to be assigned to does not exist any more.")
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """One task of a template as people write it."""

    title: str
    description: str = ""
    due_hours: int | None = None
