"""Finding entities by a part of their name or by what identifies them, and what they are called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from django.db import connection

from common.composed import Composed, kept
from common.words import fold
from entities.identity import EntityIdentity
from entities.models import AssetClassification, Entity, EntityIdentifier
from entities.naming import PREFIXES
from entities.rules import Rule, in_order
from entities.trigrams import SHORTEST, indexed, rarest, trigrams

MOST_NAMES = 1_000
"""Entities with the same part in their names; a part of more says too little to search by."""

# A lateral join, so that each part is looked up in the index by itself, and no longer than it takes to find too many.
CONTAINING = """
SELECT asked.number, found.id, found.key, found.name
FROM unnest(%s::int[], %s::text[], %s::text[]) AS asked (number, trigrams, rarest)
CROSS JOIN LATERAL (
    SELECT id, key, name FROM entities_entity AS entity
    WHERE entity.trigrams @> asked.rarest::varchar(3)[]
      AND entity.trigrams || '{}' @> asked.trigrams::varchar(3)[]  -- so written that the index is not asked for them
    LIMIT %s
) AS found
"""
SECONDS_OF_SHARES = 3600
COMMON = """
SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats
WHERE schemaname = current_schema() AND tablename = 'entities_entity' AND attname = 'trigrams'
"""


def entities_containing(parts: Iterable[str]) -> dict[str, list[tuple[int, str, str]] | None]:
    """For each part of a name: id, key and name of the entities it is a part of, letter case aside; None where they
    are too many, or the part is too short to tell. One statement."""
    folded = {part: fold(part) for part in dict.fromkeys(parts)}
    asked = {part: text for part, text in folded.items() if len(text) >= SHORTEST}
    found: dict[str, list[tuple[int, str, str]] | None] = dict.fromkeys(folded, None)
    if not asked:
        return found
    rows = _candidates(list(asked.values()))
    for (part, text), candidates in zip(asked.items(), rows, strict=True):
        if len(candidates) <= MOST_NAMES:
            found[part] = [row for row in candidates if text in indexed(row[1]) or text in indexed(row[2])]
    return found


def entities_named(identities: Sequence[EntityIdentity]) -> list[int | None]:
    """The stored entity behind each identity, None where there is none yet; changes nothing, unlike `observe`."""
    names = {name for identity in identities for name in identity.match}
    rows = EntityIdentifier.objects.filter(value__in=names).values_list("kind", "value", "entity_id")
    known = {(kind, value): entity_id for kind, value, entity_id in rows}
    found = []
    for identity in identities:
        leads = (known.get((str(identity.kind), name)) for name in identity.match)
        found.append(next((entity_id for entity_id in leads if entity_id), None))
    return found


def _candidates(parts: Sequence[str]) -> list[list[tuple[int, str, str]]]:
    """Entities whose names have the trigrams of each part, one more than the most."""
    rows: list[list[tuple[int, str, str]]] = [[] for _ in parts]
    arrays = [trigrams(part) for part in parts]
    shares = _shares_of_common_trigrams(int(time.time() // SECONDS_OF_SHARES))
    rarest_of_each = [_literal(rarest(array, shares)) for array in arrays]
    with connection.cursor() as cursor:
        numbers = list(range(len(parts)))
        cursor.execute(CONTAINING, [numbers, list(map(_literal, arrays)), rarest_of_each, MOST_NAMES + 1])
        for number, entity_id, key, name in cursor.fetchall():
            rows[number].append((entity_id, key, name))
    return rows


@lru_cache(maxsize=1)
def _shares_of_common_trigrams(period: int) -> Mapping[str, float]:
    """What share of the entities has each of the common trigrams, by the planner's statistics; read once a period."""
    with connection.cursor() as cursor:
        cursor.execute(COMMON)
        found = cursor.fetchone()
    return dict(zip(found[0], found[1], strict=False)) if found and found[0] else {}


def _literal(words: Sequence[str]) -> str:
    """An array as PostgreSQL writes it; an array of arrays would have to be rectangular."""
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in escaped) + "}"


MOST_IDENTIFIERS = 30
LABELS = {
    "aad": "Entra ID",
    "account": "Account",
    "agent": "Agent ID",
    "app": "App ID",
    "azure": "Azure resource",
    "cluster": "Cluster ID",
    "dn": "Distinguished name",
    "fqdn": "Full DNS name",
    "guid": "Object GUID",
    "host": "Host name",
    "image": "Image",
    "ip": "IP address",
    "md5": "MD5",
    "mde": "Defender ID",
    "message": "Message ID",
    "network-message": "Network message ID",
    "nt": "Domain name",
    "principal": "Principal",
    "resource": "Resource ID",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sid": "SID",
    "upn": "User principal name",
    "url": "URL",
}
"""What the beginnings of identifiers are called on screen, where the bare word would not do."""


def identifiers_of(entity: Entity) -> list[tuple[str, str]]:
    """The names that lead to an entity, each with what kind of name it is; its key first."""
    values = entity.identifiers.order_by("pk").values_list("value", flat=True)[:MOST_IDENTIFIERS]
    return [labelled(value) for value in dict.fromkeys([entity.key, *values])]


def labelled(identifier: str) -> tuple[str, str]:
    """An identifier taken apart: `upn:ana@example.org` is a user principal name, `name@host:fin-ws-17|cmd.exe` a name
    on a device."""
    head, bar, rest = identifier.partition("|")
    if bar and "@" in head:
        prefix, _, place = head.partition("@")
        return _label(prefix), f"{rest} on {place.partition(':')[2] or place}"
    prefix, colon, value = identifier.partition(":")
    return (_label(prefix), value) if colon and value and prefix in PREFIXES else ("Name", identifier)


def _label(prefix: str) -> str:
    return LABELS.get(prefix, prefix.replace("-", " ").capitalize())


def asset_rules() -> tuple[Rule, ...]:
    """The classifications of critical assets that are in force, in the order in which they decide; one statement."""
    rows = kept("asset rules", lambda: Composed(AssetClassification.objects.filter(is_on=True)))
    return in_order(each.as_rule() for each in rows)
