"""Entities for type-ahead fields."""

from __future__ import annotations

from accounts.models import Principal
from common.words import fold
from entities.models import Entity
from entities.naming import named
from entities.trigrams import SHORTEST, indexed, trigrams
from incidents.filters.names import Names
from incidents.queries.people import MOST

MOST_COMPARED = 200
"""Entities with the text's trigrams, of which the best are shown."""


def entities_like(text: str, principal: Principal) -> list[Entity]:
    """Entities of visible incidents with the text in name or key, those that begin with it first; `device:fin` looks
    among devices. Nothing for a text too short for the index."""
    asked = named(text.replace("\x00", ""))
    part = fold(asked.value).strip()
    if len(part) < SHORTEST:
        return []
    entities = Names(principal).known_entities().filter(trigrams__contains=trigrams(part))
    if asked.kind:
        entities = entities.filter(kind=asked.kind)
    found = [one for one in entities[:MOST_COMPARED] if part in indexed(one.name) or part in indexed(one.key)]
    found.sort(key=lambda one: (not indexed(one.name).startswith(part), -one.last_seen.timestamp(), one.pk))
    return found[:MOST]
