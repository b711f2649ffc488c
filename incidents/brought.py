"""What an archive of another Watchfloor brings, as much of it as an import reads; and who of its people is here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from accounts.models import Team, User
from activity.actors import ActorKind
from incidents.files import Upload

Row = dict[str, Any]

ALERT_VALUES = (
    *("source", "external_id", "title", "description", "classification", "determination", "categories", "techniques"),
    *("service_source", "detection_source", "product_name", "detector_id", "recommended_actions", "source_url"),
    *("source_incident", "payload_sha256", "link_rule", "link_reason", "repeats"),
)
"""Fields of an alert that stand in an archive as they are."""
ALERT_TIMES = (
    *("first_activity", "last_activity", "source_created_at", "received_at", "updated_at", "resolved_at"),
    *("last_repeat_at", "linked_at"),
)
EVIDENCE_VALUES = (
    *("roles", "verdict", "verdict_is_manual", "remediation_status", "remediation_is_manual", "details"),
    *("added_by", "note"),
)
"""Fields of a piece of evidence that stand in an archive as they are."""


class Brought(Protocol):
    """What an archive holds, row by row, each as often as it is asked for (exports/importing/contents.py)."""

    @property
    def incident(self) -> Row: ...
    def alerts(self) -> Iterator[Row]: ...
    def entities(self) -> Iterator[Row]: ...
    def evidence(self) -> Iterator[Row]: ...
    def tasks(self) -> Iterator[Row]: ...
    def comments(self) -> Iterator[Row]: ...
    def attachments(self) -> Iterator[Row]: ...


@dataclass(frozen=True, slots=True)
class BroughtLog:
    """A verified log that came along, and where it lies."""

    path: Path
    place: int
    system: str
    number: int
    name: str
    history: Row
    archive_sha256: str
    archived_at: datetime
    size: int
    sha256: str
    entries: int
    head: str
    imported_at: datetime | None = None
    """When, and by whom, of one that had come along before."""
    imported_by: str = ""

    @property
    def origin(self) -> str:
        """The incident it is of, in words: its number there, and where that is, if it said so."""
        return f"#{self.number} of {self.system}" if self.system else f"#{self.number}"


@dataclass(frozen=True, slots=True)
class BroughtFile:
    """An attachment whose bytes lie in the file store already."""

    upload: Upload
    row: Row


class People:
    """People and teams here, by the names under which an archive knows them."""

    def __init__(self, found: Brought) -> None:
        names: set[str] = set()
        slugs: set[str] = set()
        for member in _members(found):
            (names if member["kind"] == "user" else slugs).add(member["name"])
        self.users = {user.username: user for user in User.objects.filter(username__in=names)}
        self.teams = {team.slug: team for team in Team.objects.filter(slug__in=slugs)}
        self.missing: set[str] = set()
        """Who was looked for and is not here, with what they had to do with it; and what else is not."""

    def assignee(self, member: Row | None, what: str) -> tuple[User | None, Team | None]:
        if member is None:
            return None, None
        if member["kind"] == "team":
            team = self.teams.get(member["name"])
            if team is None:
                self.missing.add(f"the team {member['label']} (team:{member['name']}), {what}")
            return None, team
        return self.user(member, what), None

    def user(self, member: Row | None, what: str) -> User | None:
        found = self.users.get(member["name"]) if member is not None else None
        if member is not None and found is None:
            self.missing.add(f"{member['label']} ({member['name']}), {what}")
        return found


def _members(found: Brought) -> Iterator[Row]:
    told = found.incident
    named = (told["assignee"], told["resolved_by_user"], told["snoozed_by"], *told["members"], *told["followers"])
    yield from (each for each in named if each)
    yield from (row["assignee"] for row in found.alerts() if row["assignee"])
    yield from (row["assignee"] for row in found.tasks() if row["assignee"])
    for row in found.attachments():
        if row["added_by"]["kind"] == ActorKind.USER and row["added_by"]["name"]:
            yield {"kind": "user", "name": row["added_by"]["name"]}
