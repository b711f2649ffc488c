"""What an address that means nothing probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.http import QueryDict

from common.filter_fields import UnknownWord
from common.query_strings import UnknownKeys

NEAR = 0.5
"""How alike a key must be to be taken for another, as in `common.query_strings.nearest`."""


def corrected(query: QueryDict, error: UnknownKeys | ValidationError, known: Iterable[str]) -> QueryDict:
    """The address with what was refused set right, or taken out where nothing is near."""
    better = query.copy()
    if isinstance(error, UnknownKeys):
        for key in error.suggestions:
            words = better.pop(key)
            close = difflib.get_close_matches(key.lower(), sorted(known), n=1, cutoff=NEAR)
            if close:
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
