"""What the sentences about an incident are made of, and what they consist of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from alerts.choices import Verdict
from entities.choices import EntityKind
from incidents.choices import IncidentStatus


class Target(NamedTuple):
    """Where the evidence of a statement is: an alert or an entity by its id, or a whole tab of the page."""

    sort: str
    """alert, a kind of entity, or the name of a tab."""
    id: int = 0


class Piece(NamedTuple):
    """A run of words in a sentence."""

    text: str
    target: Target | None = None
    whole: str = ""
    """The name in full, where `text` had to cut it."""
    is_foreign: bool = False
    """Whether it is a name and no word of ours: it may turn the direction of text, so it is set apart."""


Sentence = list[Piece]


@dataclass(frozen=True, slots=True)
class Thing:
    """An entity as a sentence names it."""

    id: int
    kind: EntityKind
    name: str
    roles: frozenset[str] = frozenset()
    verdict: str = Verdict.UNKNOWN
    alerts: int = 0
    """How many alerts of the incident name it."""


@dataclass(frozen=True, slots=True)
class Step:
    """An alert as a sentence names it."""

    id: int
    title: str
    source: str
    began: datetime
    categories: Sequence[str] = ()
    things: Sequence[Thing] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """Entities of the incident of which the same can be said: how many, and those most alerts are about."""

    kind: EntityKind
    verdict: str
    remediation: str
    criticality: str
    in_first: bool
    """Whether the first alert names them."""
    count: int
    things: Sequence[Thing] = ()
    by_hand: bool = False
    """Whether no alert names them: somebody added them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences are made of."""

    status: IncidentStatus
    alerts_total: int
    alerts_active: int
    sources: int
    began: datetime
    ended: datetime
    first: Step | None = None
    gravest: Step | None = None
    leak: Step | None = None
    """The first alert that tells of data leaving."""
    alike: Sequence[Alike] = ()
    assignee: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None = None
    finding: str = ""
    """Classification and determination in words; nothing while not set."""
