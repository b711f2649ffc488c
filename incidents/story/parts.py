"""What a story is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from alerts.choices import Severity, Verdict
from common.terms import NamedTerms
from entities.choices import EntityKind


class Relation(NamedTerms):
    """How an alert ties one thing to another; the words stand between the two in the table."""

    REACHED = "reached", "reached"
    USED = "used", "used the account"
    SIGNED_IN_AS = "signed_in_as", "signed in as"
    ACTED_ON = "acted_on", "acted on"
    SIGNED_IN_TO = "signed_in_to", "was signed in to"
    ATTACKED = "attacked", "attacked the account"
    ADDED_TO = "added_to", "was added to"
    CHANGED = "changed", "changed"
    SENT = "sent", "sent"
    DELIVERED = "delivered", "was delivered to"
    CARRIED = "carried", "carried"
    MAILBOX_OF = "mailbox_of", "is the mailbox of"
    RAN = "ran", "ran"
    STARTED = "started", "started"
    RAN_AS = "ran_as", "ran as"
    OPENED_BY = "opened_by", "was opened by"
    CREATED = "created", "created"
    CONNECTED = "connected", "connected to"
    IDENTIFIED_AS = "identified_as", "was identified as"
    NAMED = "named", "goes with"
    SEEN_WITH = "seen_with", "was seen with"
    NOTED = "noted", "is named by the note on"
    ADDED = "added", "is where a person added"


LOOSE = frozenset({Relation.NAMED, Relation.SEEN_WITH, Relation.NOTED, Relation.ADDED})
"""Ties without a direction: alert or person names both and does not say which acted on which."""

Thing = int
"""An entity, by its id."""


class Tie(NamedTuple):
    """One thing and another, as one alert ties them."""

    source: Thing
    target: Thing
    relation: Relation


@dataclass(frozen=True, slots=True)
class Piece:
    """An entity in an alert, and the part it plays there."""

    entity: Thing
    kind: EntityKind
    key: str
    name: str
    roles: frozenset[str] = frozenset()
    verdict: Verdict = Verdict.UNKNOWN
    details: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    criticality: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """An alert as the story tells it; `position` is its place among all alerts of the incident, from 1."""

    position: int
    alert: int
    title: str
    severity: Severity
    at: datetime
    pieces: Sequence[Piece] = ()


@dataclass(slots=True)
class Node:
    """An asset or a piece of evidence of the picture; or several that are alike, drawn as one."""

    key: str
    kind: EntityKind
    name: str
    verdict: Verdict
    is_critical: bool
    steps: tuple[int, ...]
    """Positions of the alerts that name it, in order; none where only people do."""
    members: tuple[Thing, ...]
    also: tuple[str, ...] = ()
    """Other names of the thing, such as the addresses of a device; of several, the first of their names."""
    added: tuple[str, ...] = ()
    """Who added it by hand, and what they noted."""

    @property
    def is_group(self) -> bool:
        return len(self.members) > 1


@dataclass(slots=True)
class Edge:
    """What ties two nodes, drawn as one line."""

    source: str
    target: str
    relations: tuple[Relation, ...]
    steps: tuple[int, ...]
    """Positions of the alerts that tie them; none where people do."""
    labels: tuple[int, ...] = ()
    """Positions of the alerts whose number stands on this line: each alert numbers one line."""

    @property
    def words(self) -> str:
        """How the two are tied: "started and connected to"."""
        told = [relation for relation in self.relations if relation not in LOOSE] or self.relations
        return " and ".join(str(relation.label) for relation in told)

    @property
    def is_loose(self) -> bool:
        return LOOSE.issuperset(self.relations)


@dataclass(slots=True)
class Graph:
    """All nodes and edges of a story, in the order in which the alerts bring them up."""

    nodes: dict[str, Node]
    edges: dict[tuple[str, str], Edge]
    left_out: dict[EntityKind, int] = field(default_factory=dict)
    """Things that are not drawn because there are too many, by kind."""
    lines_left_out: int = 0
