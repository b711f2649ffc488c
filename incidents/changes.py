"""What a save of the Manage pane, an API request or a bulk act wants changed. None means: leave it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from accounts.models import Team, User
from alerts.choices import AlertStatus, Classification, Determination, Severity
from incidents.choices import IncidentStatus


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
    status: IncidentStatus | None = None
    resolution_note: str = ""
    classification: Classification | None = None
    determination: Determination = Determination.NOT_SET
    tags: Sequence[str] | None = None
    """All custom tags it shall have."""
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    comment: str = ""

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

    def is_empty(self) -> bool:
        return self == AlertChanges(determination=self.determination, comment=self.comment) and not self.comment.strip()
