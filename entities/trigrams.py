"""Parts of names: every three neighbouring characters, so that an index finds a name by any part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.words import fold

SHORTEST = 3
"""Characters that a part must have to be found."""
LONGEST_NAME = 400
"""Characters; of a longer name or key, its beginning is found by its parts."""
MOST_COMPARED = 16
"""Trigrams that a name is compared with; the names found so are compared with the whole part anyway."""
MOST_ASKED = 4
"""Trigrams that the index is asked for. With each further one it takes longer, and a few rare ones leave few names."""


def indexed(text: str) -> str:
    """What of a key or name is found by its parts, letter case and compatibility forms taken away."""
    return fold(text[:LONGEST_NAME])[:LONGEST_NAME]


def trigrams_of(*texts: str) -> list[str]:
    """What the index holds of an entity's key and name."""
    return sorted({part[place : place + 3] for part in map(indexed, texts) for place in range(len(part) - 2)})


def trigrams(part: str) -> list[str]:
    """Trigrams that a name with this (folded) part in it has: all of them, or of many some from all over it."""
    found = list(dict.fromkeys(part[place : place + 3] for place in range(len(part) - 2)))
    if len(found) <= MOST_COMPARED:
        return found
    step = (len(found) - 1) / (MOST_COMPARED - 1)
    return [found[round(index * step)] for index in range(MOST_COMPARED)]


def rarest(trigrams: Sequence[str], shares: Mapping[str, float]) -> list[str]:
    """Those that the index is asked for; `shares` says what share of the names has each of the common ones."""
    return sorted(trigrams, key=lambda trigram: shares.get(trigram, 0.0))[:MOST_ASKED]
