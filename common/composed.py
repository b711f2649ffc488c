"""Querysets whose SQL is composed once and then asked again and again.

Composing the SQL of a list costs a page more than anything else it does, and most pages ask what the last one asked.
What is asked again is found by a key that is equal only where every condition, order and value is; so nobody is given
the statement of another, and rights, which are conditions, are looked up anew each time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Exists, QuerySet, Subquery

from common.planned import literal, planned_cursor

Made = TypeVar("Made")

MOST_KEPT = 1_000
"""Statements that each connection of a process keeps composed, those asked for last; about 30 KB each."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list: their key, and the queryset, which is made only where its SQL is not composed yet."""

    key: Hashable
    """Equal only where the same rows are asked for; None where that is not known."""
    make: Callable[[], QuerySet[Any]]


def listed(rows: QuerySet[Any] | Listed) -> Listed:
    return rows if isinstance(rows, Listed) else Listed(None, lambda: rows)


def kept(key: Hashable, make: Callable[[], Made]) -> Made:
    """What was made under this key before, or else is made now; nothing is kept under None. A queryset's compiler
    belongs to a connection, and is kept with it."""
    if key is None:
        return make()
    known = _known()
    try:
        known.move_to_end(key)
    except KeyError:
        known[key] = make()
        if len(known) > MOST_KEPT:
            known.popitem(last=False)
    made: Made = known[key]
    return made


def forget() -> None:
    """Compose everything anew from here on, as a process does that was just started."""
    _known().clear()


def _known() -> OrderedDict[Hashable, Any]:
    known: OrderedDict[Hashable, Any] = connections[DEFAULT_DB_ALIAS].__dict__.setdefault("kept_here", OrderedDict())
    return known


class _Keyed:
    """Equal where the key is, and to be looked for under it; of two querysets nobody can say whether they are equal."""

    key: Hashable

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.key == self.key

    def __hash__(self) -> int:
        return hash((type(self), self.key))


class Among(_Keyed, Subquery):
    """The values of other rows: `Q(pk__in=Among(rows, key))`."""

    def __init__(self, rows: QuerySet[Any], key: Hashable) -> None:
        super().__init__(rows)
        self.key = key


class ThereIs(_Keyed, Exists):
    """Whether there is such a row: `Q(ThereIs(rows, key))`."""

    def __init__(self, rows: QuerySet[Any], key: Hashable) -> None:
        super().__init__(rows)
        self.key = key


class _Planned:
    """A connection whose cursors are those of `planned_cursor`."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self) -> Any:
        return planned_cursor()


class Composed:
    """A queryset with its SQL: each iteration runs it."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        self._rows: Any = rows.all()
        query: Any = self._rows.query
        compiler: Any = query.get_compiler(self._rows.db)
        try:
            text = literal(*compiler.as_sql())
        except EmptyResultSet:  # its conditions contradict each other: there is nothing to ask
            self._rows = None
            return
        # What Django would compose anew is answered with what it composed, which the database plans once; reading rows
        # and making objects of them stays Django's work.
        compiler.as_sql = lambda *_, **__: (text, None)
        compiler.connection = _Planned(compiler.connection)
        query.get_compiler = lambda *_, **__: compiler

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows._iterable_class(self._rows)) if self._rows is not None else iter(())
