"""Words as search knows them: what a text is found by, and what a query asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST_WORD = 200
"""Characters; what is longer is found by its beginning."""

_EDGES = "\"'`“”‘’«»()[]{}<>,;:!?…"
_INNER = re.compile(r"[^\w]+")


def fold(text: str) -> str:
    """Letter case and compatibility forms taken away, so that equal looks compare equal."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def words_of(texts: Iterable[str]) -> set[str]:
    """Everything these texts are found by: each run between spaces as a whole (a host name, an address, a path), and
    its parts (`fin`, `ws` and `17` of `FIN-WS-17`)."""
    return set().union(*map(_words_of, texts))


@lru_cache(maxsize=5_000)
def _words_of(text: str) -> frozenset[str]:
    """Remembered, because alerts say the same time and again."""
    words: set[str] = set()
    for run in fold(text).split():
        whole = lexeme(run)
        if whole:
            words.add(whole[:LONGEST_WORD])
            words.update(part[:LONGEST_WORD] for part in _INNER.split(whole) if len(part) > 1)
    return frozenset(words)


def lexeme(run: str) -> str:
    """A text as it is looked for: folded, without the punctuation around it."""
    return fold(run).strip(_EDGES).rstrip(".")


def terms_of(text: str) -> list[str]:
    """What a query asks for: each of its words as it is looked for, once."""
    return list(dict.fromkeys(term for run in fold(text).split() if (term := lexeme(run)[:LONGEST_WORD])))


def prefix_query(text: str) -> str:
    """A PostgreSQL tsquery, as text, that asks for every word of `text` as the beginning of one; "" for no words."""
    quoted = ["'" + term.replace("\\", "\\\\").replace("'", "''") + "':*" for term in terms_of(text)]
    return " & ".join(quoted)
