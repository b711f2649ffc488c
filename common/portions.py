"""Rows some at a time, where all at once would be too many to hold or to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def portions(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in their order, `size` of them at a time and what is left at the end; taken only as they are needed."""
    left = iter(items)
    while portion := list(islice(left, size)):
        yield portion
