"""A log as a page shows it, by acts, as its address asks: of an incident, or the system's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict

from activity.acts import Act, Log, NoSuchPlace, page_of_acts, page_of_entries
from activity.models import Entry
from activity.queries import Line
from activity.verbs import COMMENT_EDITED
from activity.wording import summed_up
from common import filter_bar
from common.composed import Listed
from common.pagination import Order
from common.query_strings import address, nearest, with_values

ORDERS = {"newest": "Newest first", "oldest": "Oldest first"}
LARGEST = 2**62


class LogFilter(Protocol):
    """The filters of an address over a log."""

    data: QueryDict
    numbers: Sequence[int]
    """The incidents whose log it is; none for the system's."""

    @property
    def qs(self) -> QuerySet[Entry]: ...
    @property
    def words(self) -> Any: ...
    def check(self) -> None: ...
    def address_of(self, page: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ShownAct:
    """An act as the page shows it: one line; or a line that sums up, with the others folded beneath."""

    line: Line
    summary: str
    folded: list[Line]
    more: int
    more_url: str
    more_in_words: str

    @property
    def is_folded(self) -> bool:
        return bool(self.folded)

    @property
    def anchor(self) -> str:
        """Its name in addresses, beside those of its entries."""
        return self.line.anchor.replace("entry", "act")

    @property
    def count_in_words(self) -> str:
        return f"{len(self.folded) + self.more:,} entries"


@dataclass(frozen=True)
class Asked:
    """What an address asks of a log."""

    filter: Any
    """A LogFilter."""
    newest_first: bool

    @property
    def query(self) -> QueryDict:
        return self.filter.data

    @property
    def matching(self) -> QuerySet[Entry]:
        """Every entry that fits, edits of comments among them."""
        return self.filter.qs

    @property
    def listed(self) -> Listed:
        return Listed(None, lambda: self.matching)

    @property
    def order(self) -> Order:
        """Of single entries, for lists that page by key."""
        fields = self.log.fields
        sign = fields[0].removesuffix(fields[0].lstrip("-"))
        return Order("newest" if self.newest_first else "oldest", (fields[0], f"{sign}id"))

    @property
    def is_one_act(self) -> bool:
        return "act" in self.filter.words

    @cached_property
    def log(self) -> Log:
        # An edit is shown at its comment, with the text that is right now.
        rows = self.matching.exclude(verb=COMMENT_EDITED.name)
        return Log(rows, self.filter.numbers, self.newest_first)


def asked_of(found: LogFilter) -> Asked:
    """What the address of these filters asks for. Raises UnknownKeys or ValidationError where it means nothing."""
    found.check()
    sort = found.data.get("sort", "newest")
    if sort not in ORDERS:
        raise ValidationError({"sort": [f"“{sort[:60]}” is no order{nearest(sort, ORDERS)}"]})
    return Asked(found, sort == "newest")


def _place(query: QueryDict) -> tuple[str, int | None]:
    """The entry after which the page starts; or, as `entry`, with which. `before` is what it was called once."""
    for key in ("after", "before", "entry"):
        word = query.get(key, "")
        if word:
            if not (word.isascii() and word.isdigit() and len(word) < 19):
                raise ValidationError({key: ["The link to this page is damaged; start from the first."]})
            return key, min(int(word), LARGEST)
    return "after", None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the log."""

    acts: list[ShownAct]
    next_url: str
    first_url: str
    """Back to where the log starts, when this page is another one."""

    @property
    def lines(self) -> list[Line]:
        return [act.line for act in self.acts]


def read_page(wanted: Asked, lines_of: Callable[[Sequence[Entry]], Sequence[Line]]) -> Page:
    """The page that an address asks for, in a bounded number of statements; `lines_of` shows its entries. Raises
    ValidationError for a place that is none."""
    key, place = _place(wanted.query)
    try:
        after = wanted.log.before(place) if key == "entry" and place else place
        found = (page_of_entries if wanted.is_one_act else page_of_acts)(wanted.log, after=after)
    except NoSuchPlace as error:
        raise ValidationError({key: [str(error)]}) from None
    entries = [entry for act in found.acts for entry in act.entries]
    by_entry = dict(zip([entry.pk for entry in entries], lines_of(entries), strict=True))
    path, query = wanted.filter.address_of("queue"), wanted.query
    return Page(
        [_shown_act(act, by_entry, path, query) for act in found.acts],
        address(path, with_values(query) | {"after": [str(found.next)]}) if found.next else "",
        "" if after is None else address(path, with_values(query)),
    )


def _shown_act(act: Act, lines: dict[int, Line], path: str, query: QueryDict) -> ShownAct:
    lead, total = act.lead, sum(act.counts.values())
    if total == 1:
        return ShownAct(lines[lead.pk], "", [], 0, "", "")
    more_url = ""
    if act.more:
        rest = with_values(query, act=[str(lead.batch)], sort=["oldest"]) | {"after": [str(act.entries[-1].pk)]}
        more_url = address(path, rest)
    return ShownAct(
        lines[lead.pk],
        summed_up(act.entries, act.counts),
        [lines[entry.pk] for entry in act.entries],
        act.more,
        more_url,
        f"and {act.more:,} more {_subjects(act)}",
    )


def _subjects(act: Act) -> str:
    """What the entries that were not read are about: the last ones were written of the same things as those before."""
    kind = act.entries[-1].subject_kind
    one, many = {"alert": ("alert", "alerts"), "entity": ("piece of evidence", "pieces of evidence"),
                 "task": ("task", "tasks")}.get(kind, ("entry", "entries"))  # fmt: skip
    return one if act.more == 1 else many


def tools(wanted: Asked) -> dict[str, Any]:
    """What stands around the entries: search, order, filters, and the ways to the next page and back."""
    path, query = wanted.filter.address_of("queue"), wanted.query
    sort = "newest" if wanted.newest_first else "oldest"
    return {
        "orders": [
            {
                "label": label,
                "url": address(path, with_values(query, sort=[word] if word != "newest" else None)),
                "current": word == sort,
            }
            for word, label in ORDERS.items()
        ],
        "search": query.get("q", ""),
        "kept": [(key, word) for key, words in with_values(query, q=None).items() for word in words],
        "chips": filter_bar.chips(wanted.filter, path),
        "add_filter_url": filter_bar.add_url(wanted.filter),
        "filter_choices": filter_bar.choices(wanted.filter),
        "filter_url": filter_bar.page_url(wanted.filter),
        "is_default": not wanted.filter.words,
        "is_one_act": wanted.is_one_act,
        "reset_url": address(path, {"sort": [sort]} if sort != "newest" else {}),
        "list_url": path,
        "newest_first": wanted.newest_first,
        "first_label": "Newest" if wanted.newest_first else "Oldest",
        "next_label": "Older" if wanted.newest_first else "Newer",
    }
