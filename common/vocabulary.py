"""The words that senders use, such as names of sources, by kind: nobody keeps a list of them, so a word is known when a
row that the person may see has it. What recent rows say is kept for a minute; an older word is looked up by the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import CharField, Model, Q, QuerySet, Value

KEPT, KEPT_OF_ONE = 60, 2
"""Seconds: what everybody sees, and what one person does."""

Words = dict[str, list[str]]
"""Kind of word → the words, the commonest first."""
Whose = TypeVar("Whose")
Row = TypeVar("Row", bound=Model)


class Vocabulary(Generic[Whose, Row]):
    """The words of one table's rows, as far as somebody (`Whose`) may see them."""

    name: str
    """In the cache."""
    statement: str
    """SQL that counts the words of the rows of `{recent}` and gives (kind, word), the commonest first."""
    fields: tuple[str, ...]
    """Of a row, for the statement."""

    def has(self, kind: str, words: Sequence[str]) -> Q:
        """Rows with any of these words."""
        raise NotImplementedError

    def visible_to(self, principal: Whose) -> QuerySet[Row]:
        raise NotImplementedError

    def samples(self) -> list[QuerySet[Row]]:
        """Rows that everybody sees and that are read for their words, newest first."""
        raise NotImplementedError

    def own(self, principal: Whose) -> tuple[str, list[QuerySet[Row]]]:
        """Those that this person sees beside them, under a name that says whose they are."""
        raise NotImplementedError

    def recent(self, principal: Whose) -> Words:
        """What recent rows say that this person may see. What not everybody sees is kept for one request, not for the
        next: a person who loses sight of a row forgets its words with it."""
        words = dict(self._kept("everybody", self.samples(), KEPT))
        whose, own = self.own(principal)
        for kind, more in (self._kept(whose, own, KEPT_OF_ONE) if own else {}).items():
            words[kind] = list(dict.fromkeys([*words.get(kind, ()), *more]))
        return words

    def spelled(self, kind: str, words: Iterable[str], principal: Whose) -> dict[str, str]:
        """Each word that is known, as the rows spell it; without the unknown ones."""
        known = {word: word for word in self.recent(principal).get(kind, ())}
        by_fold = {word.casefold(): word for word in known}
        found, rest = {}, []
        for word in words:
            same = known.get(word) or by_fold.get(word.casefold())
            if same:
                found[word] = same
            else:
                rest.append(word)
        return found | {word: word for word in self._in_the_archive(kind, rest, principal)}

    def _in_the_archive(self, kind: str, words: Sequence[str], principal: Whose) -> set[str]:
        """Those of the words that any row of any age has; one statement, one look into the index per word."""
        if not words:
            return set()
        visible = self.visible_to(principal)
        arms: list[QuerySet[Any, Any]] = [
            visible.filter(self.has(kind, [word])).annotate(word=Value(word, CharField())).values_list("word")[:1]
            for word in words
        ]
        return {word for (word,) in (arms[0].union(*arms[1:], all=True) if len(arms) > 1 else arms[0])}

    def _kept(self, whose: str, rows: Sequence[QuerySet[Row]], seconds: int) -> Words:
        key = f"vocabulary:{self.name}:{whose}"
        words: Words | None = cache.get(key)
        if words is None:
            words = self._read(rows)
            cache.set(key, words, seconds)
        return words

    def _read(self, rows: Sequence[QuerySet[Row]]) -> Words:
        newest: list[QuerySet[Any, Any]] = [each.values(*self.fields) for each in rows]
        recent = newest[0].union(*newest[1:], all=True) if len(newest) > 1 else newest[0]
        sql, parameters = recent.query.sql_with_params()
        words: Words = {}
        with connection.cursor() as cursor:
            cursor.execute(f"WITH recent AS ({sql}) {self.statement}", parameters)
            for kind, word in cursor.fetchall():
                words.setdefault(kind, []).append(word)
        return words


def matching(words: Sequence[str], text: str, most: int) -> list[str]:
    """Words that begin with the text, then those that contain it."""
    text = text.strip().casefold()
    starting = [word for word in words if word.casefold().startswith(text)]
    containing = [word for word in words if text in word.casefold() and not word.casefold().startswith(text)]
    return [*starting, *containing][:most]
