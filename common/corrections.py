"""What an address that means nothing probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from common.address_filter import AddressFilter
from common.filter_fields import UnknownWord
from common.query_strings import UnknownKeys

NEAR = 0.5
"""How alike a key must be to be taken for another, as in `common.query_strings.nearest`."""

MOST_TRIES = 3
"""A key set right may hold a word that is wrong, too."""


def meant(
    query: QueryDict,
    error: UnknownKeys | ValidationError,
    of: type[AddressFilter[Any, Any]],
    check: Callable[[QueryDict], object],
) -> QueryDict | None:
    """The address as it was probably meant, so that `check` accepts it; None where nothing of it is left."""
    for _ in range(MOST_TRIES):
        query = corrected(query, error, [*of.keys(), *of.LIST_KEYS])
        try:
            check(query)
        except (UnknownKeys, ValidationError) as another:
            error = another
        else:
            return query if query else None
    return None


def problems(error: UnknownKeys | ValidationError, of: type[AddressFilter[Any, Any]], without: str = "") -> list[str]:
    """What an address says that means nothing, one sentence each; of one key it is shown elsewhere."""
    if isinstance(error, UnknownKeys):
        keys = [f"There is no filter “{key[:60]}”{hint}" for key, hint in error.suggestions.items()]
        return keys + (problems(error.beside, of, without) if error.beside else [])
    labels = {key: field.label for key, field in of.FIELDS.items()}
    return [
        f"{labels.get(field, field.replace('_', ' ').capitalize())}: {message}"
        for field, messages in error.message_dict.items()
        if field != without
        for message in messages
    ]


def corrected(query: QueryDict, error: UnknownKeys | ValidationError, known: Iterable[str]) -> QueryDict:
    """The address with what was refused set right, or taken out where nothing is near."""
    better = query.copy()
    if isinstance(error, UnknownKeys):
        for key in error.suggestions:
            words = better.pop(key, [])
            close = difflib.get_close_matches(key.lower(), sorted(known), n=1, cutoff=NEAR)
            if close and words:
                better.setlist(close[0], [*better.getlist(close[0]), *words])
        return better
    for key, refusals in error.error_dict.items():
        if all(isinstance(refusal, UnknownWord) for refusal in refusals):
            meant = {refusal.word: refusal.better for refusal in refusals if isinstance(refusal, UnknownWord)}
            words = [meant.get(word, word) for word in better.getlist(key)]
        else:
            words = []
        if words := list(dict.fromkeys(word for word in words if word)):
            better.setlist(key, words)
        else:
            better.pop(key, None)
    return better
