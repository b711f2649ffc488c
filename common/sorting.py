"""Orders of a list as addresses spell them: `sort=-severity,created`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from common.pagination import Order
from common.query_strings import nearest

MOST_KEYS = 3


@dataclass(frozen=True, slots=True)
class SortKey:
    """Something a list can be sorted by."""

    name: str
    field: str
    then: str = ""
    """The field that decides among equals when nothing else is asked for: the one that follows in the index."""


class Sorting:
    """The orders a list knows."""

    def __init__(self, keys: Sequence[SortKey], usual: str) -> None:
        self.keys = {key.name: key for key in keys}
        self.usual = usual

    def names(self) -> list[str]:
        """Every key, both ways."""
        return [f"{sign}{name}" for name in self.keys for sign in ("-", "")]

    def order(self, text: str) -> Order:
        """The order of an address, which ends in id. Raises ValidationError under "sort": for a key that is none,
        with the nearest that is; for one named twice; for more than three."""
        words = [word.strip() for word in text.split(",")]
        problems = [
            f"“{word[:60]}” is no order{nearest(word, self.names())}" for word in words if not self._knows(word)
        ]
        names = [word.removeprefix("-") for word in words]
        problems += [f"“{name}” stands there twice; name it once." for name in self.keys if names.count(name) > 1]
        if len(words) > MOST_KEYS:
            problems.append(f"A list is sorted by {MOST_KEYS} keys at most; this names {len(words)}.")
        if problems:
            raise ValidationError({"sort": problems[:MOST_KEYS]})
        return Order(",".join(words), self._fields(words))

    def _knows(self, word: str) -> bool:
        return word.removeprefix("-") in self.keys

    def _fields(self, words: Sequence[str]) -> tuple[str, ...]:
        fields: list[str] = []
        sign = ""
        for word in words:
            sign = "-" if word.startswith("-") else ""
            key = self.keys[word.removeprefix("-")]
            fields.append(sign + key.field)
            if key.field == "id":
                return tuple(fields)
        if key.then and not any(field.lstrip("-") == key.then for field in fields):
            fields.append(sign + key.then)
        return (*fields, f"{sign}id")


def parts(order: Order) -> dict[str, tuple[int, str]]:
    """Of each key of an order: its rank, from 1, and its direction in the words of assistive technology."""
    return {
        word.removeprefix("-"): (rank, "descending" if word.startswith("-") else "ascending")
        for rank, word in enumerate(order.name.split(","), start=1)
    }


def clicked(order: Order, name: str, *, rises: bool = False) -> str:
    """The order that a click on a heading leads to: by it alone, largest and newest first, or what `rises` smallest
    and soonest first; once more, the other way."""
    first, other = (name, f"-{name}") if rises else (f"-{name}", name)
    return other if order.name == first else first


def added(order: Order, name: str) -> str:
    """The order with this key as well, the last; there already, it is turned round. "" where there is no more room."""
    words = order.name.split(",")
    for index, word in enumerate(words):
        if word.removeprefix("-") == name:
            words[index] = name if word.startswith("-") else f"-{name}"
            return ",".join(words)
    return ",".join([*words, f"-{name}"]) if len(words) < MOST_KEYS else ""
