"""What changed between two texts, word by word, for people to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MOST_CHANGES = 300
"""Words taken out and put in that are looked for one by one. Texts that differ in more are compared by lines, and then
as a whole: time grows with the texts' length times this, whatever they say."""

Kind = Literal["same", "gone", "new"]
Run = tuple[Kind, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that both have, or only the old or the new one."""

    kind: Kind
    text: str


def difference(old: str, new: str) -> list[Piece]:
    """The pieces of both texts in reading order; those that are not new make up the old text, those that are not gone
    the new one."""
    for split in (_words, _lines):
        one, other = split(old), split(new)
        start = _common(one, other)
        end = _common(one[start:][::-1], other[start:][::-1])
        runs = _compared(one[start : len(one) - end], other[start : len(other) - end])
        if runs is not None:
            return _joined([("same", one[:start]), *runs, ("same", one[len(one) - end :])])
    return _joined([("gone", [old]), ("new", [new])])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+\s*|[^\w\s]\s*|\s+", text)


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many parts both begin with."""
    shorter = min(len(one), len(other))
    return next((index for index in range(shorter) if one[index] != other[index]), shorter)


def _compared(old: Sequence[str], new: Sequence[str]) -> list[Run] | None:
    """The fewest parts to take out and put in; None where that takes more than MOST_CHANGES.

    Source: E. W. Myers, An O(ND) Difference Algorithm and Its Variations, 1986: `reach[k]` is how far into the old text
    one gets on diagonal k (place in the old less place in the new) with the changes made so far.
    """
    reach = {1: 0}
    rounds: list[dict[int, int]] = []
    for changes in range(min(MOST_CHANGES, len(old) + len(new)) + 1):
        rounds.append(dict(reach))
        for k in range(-changes, changes + 1, 2):
            goes_down = k == -changes or (k != changes and reach[k - 1] < reach[k + 1])
            x = reach[k + 1] if goes_down else reach[k - 1] + 1
            while x < len(old) and 0 <= x - k < len(new) and old[x] == new[x - k]:
                x += 1
            reach[k] = x
            if x >= len(old) and x - k >= len(new):
                return _traced(old, new, rounds)
    return None


def _traced(
    old: Sequence[str], new: Sequence[str], rounds: Sequence[dict[int, int]]
) -> list[tuple[Kind, Sequence[str]]]:
    """The way back from the end of both texts to their start."""
    runs: list[Run] = []
    x, y = len(old), len(new)
    for changes in range(len(rounds) - 1, -1, -1):
        reach, k = rounds[changes], x - y
        goes_down = k == -changes or (k != changes and reach.get(k - 1, -1) < reach.get(k + 1, -1))
        before = k + 1 if goes_down else k - 1
        from_x = reach[before] if changes else 0
        from_y = from_x - before if changes else 0
        at = (from_x, from_y + 1) if goes_down else (from_x + 1, from_y)
        start = at[0] if changes else 0
        runs.append(("same", old[start:x]))
        if changes:
            runs.append(("new", new[from_y : from_y + 1]) if goes_down else ("gone", old[from_x : from_x + 1]))
        x, y = from_x, from_y
    return runs[::-1]


def _joined(runs: Sequence[Run]) -> list[Piece]:
    """Runs that follow each other as one; within a change what is gone stands before what is new."""
    texts: list[dict[Kind, str]] = [{}]
    for kind, parts in runs:
        if not parts:
            continue
        if (kind == "same") != ("same" in texts[-1]):
            texts.append({})
        texts[-1][kind] = texts[-1].get(kind, "") + "".join(parts)
    order: tuple[Kind, ...] = ("same", "gone", "new")
    return [Piece(kind, group[kind]) for group in texts for kind in order if group.get(kind)]
