"""Patterns with `*` for any run of characters, as people write them: lab-*, *@contoso.example.

No regular expressions: whatever is written, matching takes time in proportion to the text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from common.errors import Refused

MOST_PATTERNS = 200
"""Of one field."""
LONGEST_PATTERN = 300
MOST_STARS = 10


@dataclass(frozen=True, slots=True)
class Wildcards:
    """Several patterns, any of which may fit; without regard to case and to how many blanks there are. None at all fit
    nothing."""

    exact: frozenset[str]
    begun: tuple[str, ...]
    """Of patterns such as lab-*, which are all asked at once."""
    ended: tuple[str, ...]
    held: tuple[str, ...]
    """Of patterns such as *-lab-*."""
    others: tuple[tuple[str, ...], ...]
    """What stands between the stars of each other pattern."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        exact, begun, ended, held, others = [], [], [], [], []
        for parts in (tuple(_folded(text).split("*")) for text in texts):
            match parts:
                case (text,):
                    exact.append(text)
                case (text, ""):
                    begun.append(text)
                case ("", text):
                    ended.append(text)
                case ("", text, ""):
                    held.append(text)
                case _:
                    others.append(parts)
        return cls(frozenset(exact), tuple(begun), tuple(ended), tuple(held), tuple(others))

    def __bool__(self) -> bool:
        return bool(self.exact or self.begun or self.ended or self.held or self.others)

    def fit(self, text: str) -> bool:
        """Whether one of them describes the whole text."""
        if not self:
            return False
        folded = _folded(text)
        return (
            folded in self.exact
            or folded.startswith(self.begun)
            or folded.endswith(self.ended)
            or any(part in folded for part in self.held)
            or any(_fits(folded, pattern) for pattern in self.others)
        )


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _fits(text: str, parts: tuple[str, ...]) -> bool:
    """The first part begins the text, the last ends it, the others follow one another between: the leftmost place of
    each is the best, so nothing is ever tried twice."""
    first, *middle, last = parts
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def checked_patterns(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """Patterns as they are kept, without empty and repeated ones. Raises Refused for what is too much."""
    kept = tuple(dict.fromkeys(filter(None, (" ".join(text.split()) for text in texts))))
    if len(kept) > MOST_PATTERNS:
        raise Refused(
            f"These are {len(kept)} lines; give at most {MOST_PATTERNS}, with * for what they share.", field=field
        )
    for text in kept:
        if "\x00" in text:
            raise Refused("A line holds a NUL character, which nothing can match; remove it.", field=field)
        if len(text) > LONGEST_PATTERN:
            raise Refused(f"“{text[:40]}…” has more than {LONGEST_PATTERN} characters; shorten it with *.", field=field)
        if text.count("*") > MOST_STARS:
            raise Refused(f"“{text[:40]}” has more than {MOST_STARS} stars; write fewer.", field=field)
        if not text.strip("* "):
            raise Refused("A line of stars alone fits everything; leave the field empty instead.", field=field)
    return kept
