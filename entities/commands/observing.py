"""Observing entities in what sources report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from entities.choices import ASSET_KINDS
from entities.commands.criticality import SEEN, judge_seen, seen
from entities.identity import EntityIdentity
from entities.trigrams import FROM_TEXTS, indexed

OBSERVED = SEEN.replace("attributes", "CASE WHEN kind = ANY(%s) THEN attributes END")
"""What is read of the entities stored: all that a judgement needs, attributes of assets alone."""
TRIGRAMS = FROM_TEXTS.format(key="folded_key", name="folded_name")


class Observation(NamedTuple):
    """An entity as a record names it, at the time the record tells of."""

    identity: EntityIdentity
    seen_at: datetime


Identifier = tuple[str, str]
"""Kind and value of an EntityIdentifier."""


@dataclass(slots=True)
class _Sighting:
    """All that a batch says of one entity."""

    kind: str
    key: str
    name: str
    first_seen: datetime
    last_seen: datetime
    attributes: dict[str, object]

    def add(self, observation: Observation) -> None:
        identity = observation.identity
        self.first_seen = min(self.first_seen, observation.seen_at)
        self.last_seen = max(self.last_seen, observation.seen_at)
        self.attributes |= identity.attributes


def observe(observations: Sequence[Observation]) -> list[int]:
    """Find or add the entity behind each observation, all in one pass; ids in the order of the observations.

    Part of the caller's transaction (`ingest`), whose entries tell of it. Rows are locked in the order of (kind, key):
    two batches that share entities wait for each other rather than deadlock, and what comes after, correlation above
    all, sees what the other batch has stored.
    """
    known = _known_keys(observations)
    sightings: list[_Sighting] = []
    claimed: dict[Identifier, _Sighting] = {}
    """Names that nobody had and that an entity of this batch has taken: the first to say one has it."""
    by_key: dict[Identifier, _Sighting] = {}
    chosen = []
    for observation in observations:
        identity = observation.identity
        kind = str(identity.kind)
        key, name = _leads_to([(kind, value) for value in identity.match], known, claimed) or (
            identity.key,
            identity.name,
        )
        sighting = by_key.get((kind, key))
        if sighting is None:
            seen = observation.seen_at
            sighting = by_key[kind, key] = _Sighting(kind, key, name, seen, seen, {})
            sightings.append(sighting)
        sighting.add(observation)
        for value in (*identity.match, *identity.aliases):
            if (kind, value) not in known:
                claimed.setdefault((kind, value), sighting)
        chosen.append(sighting)
    ids = _upsert(sightings)
    _add_identifiers(claimed, ids)
    return [ids[sighting.kind, sighting.key] for sighting in chosen]


def _leads_to(
    names: Sequence[Identifier], known: Mapping[Identifier, tuple[str, str]], claimed: Mapping[Identifier, _Sighting]
) -> tuple[str, str] | None:
    """Key and name of the entity that the surest of these names leads to: one stored, or one of this batch."""
    for name in names:
        if name in known:
            return known[name]
        if name in claimed:
            return claimed[name].key, claimed[name].name
    return None


def _known_keys(observations: Sequence[Observation]) -> dict[Identifier, tuple[str, str]]:
    """Identifier → key and name of the stored entity that it leads to."""
    wanted = sorted({(str(o.identity.kind), value) for o in observations for value in o.identity.match})
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT identifier.kind, identifier.value, entity.key, entity.name
            FROM unnest(%s::text[], %s::text[]) AS wanted (kind, value)
            JOIN entities_entityidentifier AS identifier USING (kind, value)
            JOIN entities_entity AS entity ON entity.id = identifier.entity_id
            """,
            [[kind for kind, _ in wanted], [value for _, value in wanted]],
        )
        return {(kind, value): (key, name) for kind, value, key, name in cursor.fetchall()}


def _upsert(sightings: Sequence[_Sighting]) -> dict[Identifier, int]:
    """Store the sightings; (kind, key) → id. What is newly said of an entity joins what was known."""
    ordered = sorted(sightings, key=lambda sighting: (sighting.kind, sighting.key))
    if not ordered:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO entities_entity AS stored (kind, key, name, attributes, first_seen, last_seen, trigrams)
            SELECT kind, key, name, attributes, first_seen, last_seen,
                   CASE WHEN EXISTS (SELECT FROM entities_entity AS known
                                     WHERE known.kind = seen.kind AND known.key = seen.key)
                        THEN '{{}}' ELSE {TRIGRAMS} END
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[],
                        %s::text[], %s::text[])
                AS seen (kind, key, name, attributes, first_seen, last_seen, folded_key, folded_name)
            ON CONFLICT (kind, key) DO UPDATE SET
                attributes = stored.attributes || excluded.attributes,
                first_seen = least(stored.first_seen, excluded.first_seen),
                last_seen = greatest(stored.last_seen, excluded.last_seen)
            RETURNING {OBSERVED}, (xmax <> 0)
            """,
            [
                [sighting.kind for sighting in ordered],
                [sighting.key for sighting in ordered],
                [sighting.name for sighting in ordered],
                [json.dumps(sighting.attributes) for sighting in ordered],
                [sighting.first_seen for sighting in ordered],
                [sighting.last_seen for sighting in ordered],
                [indexed(sighting.key) for sighting in ordered],
                [indexed(sighting.name) for sighting in ordered],
                [str(kind) for kind in ASSET_KINDS],
            ],
        )
        rows = cursor.fetchall()
    known_before = {row[0] for row in rows if row[-1]}
    judge_seen([seen(row[:-1]) for row in rows if row[1] in ASSET_KINDS], known_before)
    return {(row[1], row[2]): row[0] for row in rows}


def _add_identifiers(claimed: Mapping[Identifier, _Sighting], ids: dict[Identifier, int]) -> None:
    """Remember the names that lead to each entity; a name that leads elsewhere already stays there."""
    rows = sorted((kind, value, ids[sighting.kind, sighting.key]) for (kind, value), sighting in claimed.items())
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO entities_entityidentifier (kind, value, entity_id)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT (kind, value) DO NOTHING
            """,
            [[kind for kind, _, _ in rows], [value for _, value, _ in rows], [entity for _, _, entity in rows]],
        )
