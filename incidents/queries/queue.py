"""The queue page: which rows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accounts.models import Principal
from activity.news import MOMENT, moment, moment_of_none
from common.columns import Column, ListKind, Row, cells, columns_text
from common.composed import Listed
from common.counting import Count, count_each
from common.list_pages import headings as headings_of
from common.marks import icon
from common.pagination import BadCursor, Order, Page, page_of_rows
from common.query_strings import address, with_values
from common.sorting import Sorting, SortKey
from incidents.filters import IncidentFilter, with_defaults
from incidents.models import Incident
from incidents.queries.columns import COLUMNS, LEADS_ON, USUAL, reading
from incidents.queries.grouping import Grouping, Groups, grouping_named, groups, of_group
from incidents.queries.unread import Unread, unread

PAGE_SIZE = 50
GROUP_SIZE = 20
"""Rows of a group before its own list is opened."""

SORTING = Sorting(
    (
        SortKey("last_activity", "last_activity"),
        SortKey("severity", "severity", then="last_activity"),
        SortKey("priority", "priority", then="last_activity"),
        SortKey("created", "created_at"),
        SortKey("updated", "updated_at"),
        SortKey("due", "due_order"),
        SortKey("number", "id"),
    ),
    usual="-last_activity",
)
"""Each by itself is served by an index, from either end; of several, what the first leaves equal is sorted."""
DEFAULT_ORDER = SORTING.usual
ORDERS = {name: SORTING.order(name) for name in SORTING.names()}

ROW_FIELDS = ("id", "name", "version")
"""Of every row, whatever its columns."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A row of the queue, ready to print."""

    number: int
    html: SafeString
    is_unread: bool = False
    """Whether it holds something new to the person."""


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of the queue, ready to be shown."""

    rows: list[QueueRow]
    columns: list[Column]
    count: Count
    order: Order
    query: QueryDict
    """With the defaults written out."""
    filter: IncidentFilter
    previous_url: str
    next_url: str
    link: str
    """The address that shows this list to anybody."""
    groups: Groups | None = None
    """In place of rows, where the address asks for groups."""
    moment: int = 0
    """As of when it is right, for who asks what changed since."""
    beside: dict[str, Count] = field(default_factory=dict)
    """What was counted in the same statement (see `queue_page`)."""


def order_named(name: str) -> Order:
    """Raises ValidationError, with the nearest name, for an order that is none."""
    return SORTING.order(name)


@dataclass(frozen=True, slots=True)
class Asked:
    """The list that an address asks for, the same for page, API, export and saved view."""

    query: QueryDict
    """With the defaults written out."""
    filter: IncidentFilter
    order: Order

    @property
    def matching(self) -> QuerySet[Incident]:
        return self.filter.qs

    @property
    def listed(self) -> Listed:
        """The same rows, to be listed or counted."""
        return self.filter.listed


def asked(query: QueryDict, principal: Principal) -> Asked:
    """What an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    full = with_defaults(query)
    incident_filter = IncidentFilter(full, principal=principal)
    incident_filter.check()
    return Asked(full, incident_filter, order_named(full.get("sort", DEFAULT_ORDER)))


def columns_named(query: QueryDict, remembered: Sequence[str] = ()) -> list[Column]:
    """The columns that an address asks for, or else those the person likes. Raises ValidationError (see common)."""
    return QUEUE.columns_of(query, remembered)


QUEUE = ListKind("incidents", "/incidents/", COLUMNS, USUAL, LEADS_ON)


@dataclass(frozen=True, slots=True)
class Look:
    """How the rows are shown to this person."""

    columns: Sequence[str] = ()
    """Those the person likes, for an address that does not say."""
    selectable: bool = False
    opened: str = ""
    """The number of the incident whose details stand beside the list."""


def queue_page(
    query: QueryDict,
    principal: Principal,
    path: str,
    look: Look | None = None,
    beside: Callable[[IncidentFilter], dict[str, Listed]] | None = None,
) -> QueuePage:
    """The page that an address asks for. Raises UnknownKeys or ValidationError for one that means nothing.

    `beside` gives what else to count in the statement that counts the list.
    """
    look = look or Look()
    wanted = asked(query, principal)
    full = wanted.query
    columns = columns_named(full, look.columns)
    state = with_values(full)
    page, rows, found, as_of = Page([], "", ""), list[QueueRow](), None, 0
    if "group" in full:
        as_of = moment()
        grouping = grouping_named(full.get("group", ""))
        found = groups(grouping, wanted.matching, wanted.filter.words.get(grouping.key, ()))
        number = None if found.several else Count(found.total)
    else:
        page, rows, as_of = rows_of(wanted, columns, look)
        number = number_of(page, full)
    others = beside(wanted.filter) if beside else {}
    counts = count_each(others if number else {**others, "": wanted.listed}, estimated=[""])
    return QueuePage(
        rows=rows,
        columns=columns,
        count=number or counts[""],
        order=wanted.order,
        query=full,
        filter=wanted.filter,
        previous_url=address(path, state | {"before": [page.previous]}) if page.previous else "",
        next_url=address(path, state | {"after": [page.next]}) if page.next else "",
        link=address(path, state | {"columns": [columns_text(columns)]}),
        groups=found,
        moment=as_of,
        beside=counts,
    )


def rows_of(
    wanted: Asked,
    columns: Sequence[Column],
    look: Look,
    size: int | None = None,
    within: QuerySet[Incident] | None = None,
) -> tuple[Page, list[QueueRow], int]:
    """A page of rows, ready to print, and the moment they are of; raises ValidationError for a cursor of another list.

    The moment comes with the rows, of the same snapshot. Where there are none it is that of a look which found none
    either, so that what is opened meanwhile is not missed.
    """
    page, values = _page_of(wanted, columns, size, within)
    if values:
        as_of = values[0]["moment"]
    else:
        as_of = moment_of_none(wanted.listed if within is None else within)
        if not as_of:
            as_of = moment()
            page, values = _page_of(wanted, columns, size, within)
    news = unread(page.ids, wanted.filter.principal)
    return page, printed(values, columns, selectable=look.selectable, opened=look.opened, news=news), as_of


def _page_of(
    wanted: Asked, columns: Sequence[Column], size: int | None, within: QuerySet[Incident] | None
) -> tuple[Page, list[Row]]:
    fields, annotations = reading(columns, *ROW_FIELDS)
    try:
        return page_of_rows(
            wanted.listed if within is None else within,
            wanted.order,
            fields,
            after=wanted.query.get("after", ""),
            before=wanted.query.get("before", ""),
            size=size or PAGE_SIZE,
            **annotations,
            moment=MOMENT,
        )
    except BadCursor as error:
        raise ValidationError({"after": [str(error)]}) from None


def group_rows(query: QueryDict, word: str, principal: Principal, look: Look) -> tuple[list[QueueRow], list[Column]]:
    """The first rows of one group of the list that an address asks for; `word` as the group has it."""
    grouping = grouping_named(query.get("group", ""))
    wanted = asked(narrowed(query, grouping, word) if word else query, principal)
    columns = columns_named(wanted.query, look.columns)
    within = None if word else of_group(grouping, wanted.matching)
    return rows_of(wanted, columns, look, GROUP_SIZE, within)[1], columns


def narrowed(query: QueryDict, grouping: Grouping, word: str) -> QueryDict:
    """The address of one group as a list of its own: a tag beside the tags asked for, any other in their place."""
    one = query.copy()
    for key in ("after", "before", "open"):
        one.pop(key, None)
    if grouping.key == "tag":
        one.setlist("tag_all", list(dict.fromkeys([*one.getlist("tag_all"), word])))
    else:
        one.setlist(grouping.key, [word])
    return one


def number_of(page: Page, query: QueryDict) -> Count | None:
    """A first page that is not full is its own count."""
    is_first = "after" not in query and "before" not in query
    return Count(len(page.ids)) if is_first and not page.next else None


def printed(
    values: Sequence[Row],
    columns: Sequence[Column],
    *,
    selectable: bool = False,
    opened: str = "",
    news: Mapping[int, Unread] | None = None,
) -> list[QueueRow]:
    """Rows as the table shows them; the first can be reached by Tab, the others by the arrows from there."""
    now, news = timezone.now(), news or {}
    return [
        QueueRow(
            row["id"],
            row_html(
                row,
                columns,
                now,
                selectable=selectable,
                classes="row-open" if str(row["id"]) == opened else "",
                tabindex=0 if index == 0 else -1,
                news=news.get(row["id"]),
            ),
            is_unread=row["id"] in news,
        )
        for index, row in enumerate(values)
    ]


def row_html(
    row: Row,
    columns: Sequence[Column],
    now: datetime,
    *,
    selectable: bool,
    classes: str = "",
    tabindex: int = -1,
    news: Unread | None = None,
) -> SafeString:
    """One row of the table; `news` is what it holds that the person has not seen."""
    number = row["id"]
    classes = f"{classes} row-unread".strip() if news else classes
    marked = f' class="{classes}"' if classes else ""
    row["unread"] = news.in_words if news else ""
    check = (
        f'<td class="cell-check"><label class="check"><input type="checkbox" name="incident" value="{number}" '
        f'data-select-row><span class="visually-hidden">Select #{number} {escape(row["name"])}</span></label></td>'
        if selectable
        else ""
    )
    unfold = (
        f'<td class="cell-mark"><a class="table-expand" href="/incidents/{number}/" role="button" data-expand '
        f'aria-expanded="false"><span class="visually-hidden">Alerts of #{number}</span>{icon("next", "s")}</a></td>'
    )
    return mark_safe(
        f'<tr data-row data-id="{number}" data-live="{number}" data-href="/incidents/{number}/" '
        f'data-pane-url="/incidents/{number}/details/" tabindex="{tabindex}"{marked}>'
        f"{check}{unfold}{cells(columns, row, now)}</tr>\n"
    )


def headings(page: QueuePage, path: str) -> list[dict[str, Any]]:
    return headings_of(page.columns, page.order, page.query, path)


def queue_path() -> str:
    return reverse("incidents:queue")
