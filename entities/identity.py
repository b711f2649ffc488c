"""Who or what an entity is: pure functions from what senders say to one comparable identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from entities.choices import EntityKind


@dataclass(frozen=True, slots=True)
class EntityIdentity:
    """An entity as one record names it.

    `match` holds the identifiers that name it surely, strongest first; one that is known already finds the stored
    entity. `aliases` are weaker names that lead to it only when a record knows nothing better (a bare host name).
    """

    kind: EntityKind
    key: str
    """The readable, normalised name it is stored under when first seen; one of `match`."""
    name: str
    """What people call it on screen, spelled as the sender spells it."""
    match: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    """What is known about the thing itself, such as a device's operating system."""
