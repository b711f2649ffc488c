"""Observing entities in what sources report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from common.planned import planned_cursor
from entities.choices import ASSET_KINDS
from entities.commands.criticality import SEEN, judge_seen, seen
from entities.identity import EntityIdentity
from entities.trigrams import trigrams_of

OBSERVED = SEEN.replace("attributes", "CASE WHEN kind = ANY(%s::text[]) THEN attributes END")
"""What is read of the entities stored: all that a judgement needs, attributes of assets alone."""


class Observation(NamedTuple):
    """An entity as a record names it, at the time the record tells of."""

    identity: EntityIdentity
    seen_at: datetime


Identifier = tuple[str, str]
"""Kind and value of an EntityIdentifier."""
Named = tuple[str, str]
"""Key and name of an entity."""


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
    ids = _upsert(sightings, set(known.values()))
    _add_identifiers(claimed, ids)
    return [ids[sighting.kind, sighting.key] for sighting in chosen]


def _leads_to(
    names: Sequence[Identifier], known: Mapping[Identifier, Named], claimed: Mapping[Identifier, _Sighting]
) -> Named | None:
    """Key and name of the entity that the surest of these names leads to: one stored, or one of this batch."""
    for name in names:
        if name in known:
            return known[name]
        if name in claimed:
            return claimed[name].key, claimed[name].name
    return None


KNOWN = """
SELECT identifier.kind, identifier.value, entity.key, entity.name
FROM json_to_recordset(%s) AS wanted (kind varchar, value varchar)
JOIN entities_entityidentifier AS identifier USING (kind, value)
JOIN entities_entity AS entity ON entity.id = identifier.entity_id
"""


def _known_keys(observations: Sequence[Observation]) -> dict[Identifier, Named]:
    """Identifier → key and name of the stored entity that it leads to."""
    wanted = sorted({(str(o.identity.kind), value) for o in observations for value in o.identity.match})
    if not wanted:
        return {}
    with planned_cursor() as cursor:
        cursor.execute(KNOWN, [json.dumps([{"kind": kind, "value": value} for kind, value in wanted])])
        return {(kind, value): (key, name) for kind, value, key, name in cursor.fetchall()}


# Whoever is stored already keeps its trigrams.
UPSERT = f"""
INSERT INTO entities_entity AS stored (kind, key, name, attributes, first_seen, last_seen, trigrams)
SELECT * FROM json_to_recordset(%s) AS seen (kind varchar, key varchar, name varchar, attributes jsonb,
                                             first_seen timestamptz, last_seen timestamptz, trigrams varchar(3)[])
ON CONFLICT (kind, key) DO UPDATE SET
    attributes = stored.attributes || excluded.attributes,
    first_seen = least(stored.first_seen, excluded.first_seen),
    last_seen = greatest(stored.last_seen, excluded.last_seen)
RETURNING {OBSERVED}, (xmax <> 0)
"""


def _upsert(sightings: Sequence[_Sighting], stored: set[Named]) -> dict[Identifier, int]:
    """Store the sightings; (kind, key) → id. What is newly said of an entity joins what was known."""
    rows = [
        {
            "kind": sighting.kind,
            "key": sighting.key,
            "name": sighting.name,
            "attributes": sighting.attributes,
            "first_seen": sighting.first_seen.isoformat(),
            "last_seen": sighting.last_seen.isoformat(),
            "trigrams": [] if (sighting.key, sighting.name) in stored else trigrams_of(sighting.key, sighting.name),
        }
        for sighting in sorted(sightings, key=lambda sighting: (sighting.kind, sighting.key))
    ]
    if not rows:
        return {}
    with planned_cursor() as cursor:
        cursor.execute(UPSERT, [json.dumps(rows), [str(kind) for kind in ASSET_KINDS]])
        found = cursor.fetchall()
    known_before = {row[0] for row in found if row[-1]}
    judge_seen([seen(row[:-1]) for row in found if row[1] in ASSET_KINDS], known_before)
    return {(row[1], row[2]): row[0] for row in found}


ADD_IDENTIFIERS = """
INSERT INTO entities_entityidentifier (kind, value, entity_id)
SELECT * FROM json_to_recordset(%s) AS said (kind varchar, value varchar, entity bigint)
ON CONFLICT (kind, value) DO NOTHING
"""


def _add_identifiers(claimed: Mapping[Identifier, _Sighting], ids: dict[Identifier, int]) -> None:
    """Remember the names that lead to each entity; a name that leads elsewhere already stays there."""
    rows = sorted((kind, value, ids[sighting.kind, sighting.key]) for (kind, value), sighting in claimed.items())
    if not rows:
        return
    said = [{"kind": kind, "value": value, "entity": entity} for kind, value, entity in rows]
    with connection.cursor() as cursor:
        cursor.execute(ADD_IDENTIFIERS, [json.dumps(said)])
