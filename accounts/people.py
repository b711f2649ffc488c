"""The users and teams that an address or a query names."""

from __future__ import annotations

from collections.abc import Sequence

UNASSIGNED = "unassigned"
ME = "me"


def by_name(words: Sequence[str], username: str) -> list[str]:
    """The people that a key names, with “me” replaced by the person's name."""
    return list(dict.fromkeys(username if word == ME else word for word in words))
