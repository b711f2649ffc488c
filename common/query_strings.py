"""List state in the address: plain words, repeated keys for "any of", nothing ignored."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.http import QueryDict


class UnknownKeys(Exception):
    """Keys of an address that mean nothing here, each with the nearest one that does."""

    beside: ValidationError | None = None
    """What is wrong with the values of the other keys, by key."""

    def __init__(self, suggestions: dict[str, str]) -> None:
        self.suggestions = suggestions
        super().__init__("; ".join(f"“{key}”{hint}" for key, hint in suggestions.items()))


def check_keys(query: QueryDict, known: Iterable[str]) -> None:
    """Raises UnknownKeys unless every key of the address is known."""
    known = sorted(known)
    unknown = {key: nearest(key, known) for key in query if key not in known}
    if unknown:
        raise UnknownKeys(unknown)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint to append to an error: the known word that looks most like this one, or all of them when few."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f" — did you mean “{close[0]}”?"
    return f" — known are {', '.join(known)}." if 0 < len(known) <= 25 else ""


def address(path: str, query: Mapping[str, Sequence[str]]) -> str:
    """Path and query as a readable link: colons, commas and slashes stay as they are."""
    pairs = [f"{_quoted(key)}={_quoted(value)}" for key, values in query.items() for value in values]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


@lru_cache(maxsize=4096)
def _quoted(word: str) -> str:
    """Kept, since a page has dozens of addresses that differ in a word or two."""
    return quote(str(word), safe=":,/@")


PLACES = ("after", "before", "open", "entry")
"""Keys that say where in a list one is."""


def with_values(query: QueryDict, **changes: Sequence[str] | None) -> dict[str, list[str]]:
    """The query with some keys set anew (None takes a key out); paging starts over."""
    values: dict[str, list[str]] = {key: query.getlist(key) for key in query if key not in PLACES}
    for key, value in changes.items():
        if value is None:
            values.pop(key, None)
        else:
            values[key] = list(value)
    return values


def as_query(values: Mapping[str, Sequence[str]]) -> QueryDict:
    """Values by key, as an address has them."""
    query = QueryDict(mutable=True)
    for key, words in values.items():
        query.setlist(key, list(words))
    return query
