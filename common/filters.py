"""Words of an address: how many there may be, and which can be looked up at all."""

from __future__ import annotations

from collections.abc import Sequence

ANY = "any"
"""The value that lifts a filter which is set by default."""
MOST_VALUES = 100
"""Values per key."""


def storable(words: Sequence[str], most: int = MOST_VALUES) -> list[str]:
    """As many as may be asked for, without those that no row can hold."""
    return [word for word in words[:most] if is_storable(word)]


def is_storable(word: str) -> bool:
    """Whether the database can hold the text: no NUL character, and no half of a character."""
    return "\x00" not in word and not any("\ud800" <= character <= "\udfff" for character in word)
