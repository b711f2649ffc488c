"""Names of tags."""

from __future__ import annotations

from collections.abc import Iterable

from common.errors import Refused

MOST_TAGS = 50
"""On one incident."""


def tidied(names: Iterable[str]) -> list[str]:
    """Names with single spaces inside and none around; empty ones are none."""
    tidied = [" ".join(name.split()) for name in names]
    if any("\x00" in name for name in tidied):
        raise Refused("A tag cannot hold a NUL character; remove it.", field="tags")
    return list(filter(None, tidied))


CRITICAL_ASSET = "Critical asset"
"""The system tag of an incident with a critical asset among its own."""
