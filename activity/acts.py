"""The log by acts: entries that one act wrote one after the other stand together, however many they are.

A page holds so many acts, found by going along the log's own order and stopping at the last one needed; of an act with
very many entries the first few are read and the others are counted by their verbs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import Case, F, QuerySet, UUIDField, Value, When

from activity.models import Entry
from activity.verbs import comment_verbs

PAGE_SIZE = 50
"""Acts."""
READ_WHOLE = 12
"""Of an act with more entries, the first few are read."""
FIRST_FEW = 6


class NoSuchPlace(ValueError):
    """A place in a log where no page of it ended."""


@dataclass(frozen=True, slots=True)
class Act:
    """Entries of one act, in the order in which they were written."""

    entries: list[Entry]
    counts: Mapping[str, int]
    """Name of each verb → how many entries, read or not."""

    @property
    def more(self) -> int:
        """Entries that were not read."""
        return sum(self.counts.values()) - len(self.entries)

    @property
    def lead(self) -> Entry:
        """The entry that tells of the incident itself, where there is one."""
        return next((entry for entry in self.entries if not entry.subject_kind), self.entries[0])


@dataclass(frozen=True, slots=True)
class ActsPage:
    """A page of acts, and the entry after which the next one starts."""

    acts: list[Act]
    next: int | None


# The order of reading is that of an index, so the database stops at the last act that is asked for.
NUMBERED = """
SELECT id, act, incident_id, verb, sequence, recorded_at, row_number() OVER reading AS ordinal,
       lag(id) OVER reading AS id_before, lag(act) OVER reading AS act_before,
       lag(incident_id) OVER reading AS incident_before
FROM ({rows}) AS matching (id, incident_id, sequence, recorded_at, verb, act)
WINDOW reading AS (ORDER BY {order})
"""
HEADS = """
SELECT id, ordinal, id_before, act IS NOT NULL FROM ({numbered}) AS numbered
WHERE act IS NULL OR act IS DISTINCT FROM act_before OR incident_id IS DISTINCT FROM incident_before
ORDER BY {order} LIMIT %s
"""
READ = "SELECT id, ordinal FROM ({numbered}) AS numbered WHERE ordinal <= %s AND ordinal = ANY(%s)"
COUNTED = """
SELECT part.first, numbered.verb, count(*) FROM ({numbered}) AS numbered
JOIN unnest(%s::int[], %s::int[]) AS part (first, last) ON numbered.ordinal BETWEEN part.first AND part.last
WHERE numbered.ordinal <= %s GROUP BY 1, 2 ORDER BY 1, min(numbered.sequence)
"""


@dataclass(frozen=True, slots=True)
class Log:
    """Entries of some incidents or of the system, and the order in which they are read."""

    rows: QuerySet[Entry]
    numbers: Sequence[int]
    """The incidents; none for the system's own stream."""
    newest_first: bool = True

    @property
    def is_one_chain(self) -> bool:
        return len(self.numbers) < 2

    @property
    def fields(self) -> tuple[str, ...]:
        """Of one incident by its own numbering; of several by the time of writing, in which they mingle."""
        sign = "-" if self.newest_first else ""
        names = ("sequence",) if self.is_one_chain else ("recorded_at", "id")
        return tuple(sign + name for name in names)

    @property
    def order(self) -> str:
        return ", ".join(f"{name.lstrip('-')} {'DESC' if name[0] == '-' else 'ASC'}" for name in self.fields)

    def after(self, place: int | None) -> Log:
        """What follows an entry. Raises NoSuchPlace for one that is not of these incidents."""
        if place is None:
            return self
        found = self._found(place)
        if found is None:
            raise NoSuchPlace("The link to this page is damaged; start from the first.")
        lookup = "lt" if self.newest_first else "gt"
        if self.is_one_chain:
            beyond = self.rows.filter(**{f"sequence__{lookup}": found.sequence})
        else:
            sides = {f"recorded_at__{lookup}e": found.recorded_at}
            same = {"recorded_at": found.recorded_at, f"pk__{'gt' if self.newest_first else 'lt'}e": found.pk}
            beyond = self.rows.filter(**sides).exclude(**same)
        return Log(beyond, self.numbers, self.newest_first)

    def before(self, number: int) -> int | None:
        """The entry after which the page starts that begins with the act of an entry; None where the log starts with
        it. Raises NoSuchPlace."""
        entry = self._found(number)
        if entry is None:
            raise NoSuchPlace(f"{number} is no entry of this log; start from the first.")
        if entry.batch and not entry.registered_verb.is_comment:
            act = self.rows.filter(incident=entry.incident_id, batch=entry.batch)
            entry = act.order_by(*Log(act, [entry.incident_id or 0], self.newest_first).fields).first() or entry
        backwards = Log(self.rows, self.numbers, not self.newest_first)
        return backwards.after(entry.pk).rows.order_by(*backwards.fields).values_list("pk", flat=True).first()

    def _found(self, number: int) -> Entry | None:
        whole = Entry.objects.filter(incident__in=self.numbers) if self.numbers else Entry.objects.of_system()
        return whole.filter(pk=number).first()

    def statement(self, text: str) -> tuple[str, tuple[Any, ...]]:
        """A statement over the numbered rows, and the values that belong to them."""
        act = Case(
            When(verb__in=comment_verbs(), then=Value(None, UUIDField())),
            default=F("batch"),
            output_field=UUIDField(),
        )
        light = self.rows.order_by().annotate(act=act)
        columns = light.values_list("pk", "incident_id", "sequence", "recorded_at", "verb", "act")
        sql, values = columns.query.sql_with_params()
        numbered = NUMBERED.format(rows=sql, order=self.order)
        return text.format(numbered=numbered, order=self.order), values


@dataclass(frozen=True, slots=True)
class _Span:
    """Where an act lies in the order of reading: from the first to the last of its entries."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def read(self, newest_first: bool) -> range:
        """Those of its entries that are read: all, or the few that were written first."""
        if len(self) <= READ_WHOLE:
            return range(self.first, self.last + 1)
        few = FIRST_FEW - 1
        return range(self.last - few, self.last + 1) if newest_first else range(self.first, self.first + few + 1)


def page_of_acts(log: Log, *, after: int | None = None, size: int = PAGE_SIZE) -> ActsPage:
    """The acts that follow an entry; in three statements, or four where one of them is too long to be read whole.
    Raises NoSuchPlace."""
    log = log.after(after)
    with connection.cursor() as cursor:
        text, values = log.statement(HEADS)
        cursor.execute(text, [*values, size + 1])
        heads = cursor.fetchall()
    if not heads:
        return ActsPage([], None)
    spans = _spans(heads, size, log)
    wanted = [ordinal for span in spans for ordinal in span.read(log.newest_first)]
    if all(len(span) == 1 for span in spans):
        ordinals = {row[0]: row[1] for row in heads[:size]}
    else:
        with connection.cursor() as cursor:
            text, values = log.statement(READ)
            cursor.execute(text, [*values, spans[-1].last, wanted])
            ordinals = dict(cursor.fetchall())
    entries = entries_of(ordinals)
    by_ordinal = {ordinals[entry.pk]: entry for entry in entries}
    counts = _counts(log, [span for span in spans if len(span) > READ_WHOLE])
    acts = []
    for span in spans:
        found = [by_ordinal[ordinal] for ordinal in span.read(log.newest_first) if ordinal in by_ordinal]
        found.sort(key=lambda entry: entry.sequence)
        acts.append(Act(found, counts.get(span.first) or _counted(found)))
    return ActsPage(acts, heads[size][2] if len(heads) > size else None)


def page_of_entries(log: Log, *, after: int | None = None, size: int = PAGE_SIZE) -> ActsPage:
    """The same with each entry by itself, for what is one act as a whole."""
    log = log.after(after)
    rows = log.rows.order_by(*log.fields).select_related("body")[: size + 1]
    found = list(rows)
    acts = [Act([entry], _counted([entry])) for entry in found[:size]]
    return ActsPage(acts, found[size - 1].pk if len(found) > size else None)


def entries_of(ids: Mapping[int, int]) -> list[Entry]:
    """These entries with their texts."""
    return list(Entry.objects.filter(pk__in=list(ids)).select_related("body"))


def _spans(heads: Sequence[tuple[int, int, int | None, bool]], size: int, log: Log) -> list[_Span]:
    begins = [ordinal for _, ordinal, _, _ in heads]
    spans = [_Span(first, following - 1) for first, following in pairwise(begins)]
    if len(heads) <= size:
        # the last act of all: how far it goes, only counting tells
        end = log.rows.count() if heads[-1][3] else begins[-1]
        spans.append(_Span(begins[-1], max(end, begins[-1])))
    return spans


def _counts(log: Log, spans: Sequence[_Span]) -> dict[int, dict[str, int]]:
    """First ordinal of an act → its verbs, each with its number."""
    counts: dict[int, dict[str, int]] = {}
    if spans:
        text, values = log.statement(COUNTED)
        with connection.cursor() as cursor:
            firsts, lasts = [span.first for span in spans], [span.last for span in spans]
            cursor.execute(text, [*values, firsts, lasts, lasts[-1]])
            for first, verb, number in cursor.fetchall():
                counts.setdefault(first, {})[verb] = number
    return counts


def _counted(entries: Sequence[Entry]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for entry in entries:
        counts[entry.verb] = counts.get(entry.verb, 0) + 1
    return counts
