"""The alert list: which rows, in which order, and what is hidden."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from accounts.models import Principal
from alerts.filters.alert_filter import AlertFilter
from alerts.models import Alert
from alerts.queries.columns import COLUMNS, LEADS_ON, USUAL
from common.columns import Column, ListKind, Row, columns_text, fields_of
from common.composed import Listed
from common.counting import Count, count, count_each
from common.filters import ANY
from common.list_pages import ListRow, row_html
from common.pagination import BadCursor, Order, page_of_rows
from common.query_strings import address, as_query, with_values
from common.sorting import Sorting, SortKey

PAGE_SIZE = 50
SORTING = Sorting(
    (
        SortKey("last_activity", "last_activity"),
        SortKey("severity", "severity", then="last_activity"),
        SortKey("received", "received_at"),
    ),
    usual="-last_activity",
)
"""Each by itself is served by an index, from either end; of several, what the first leaves equal is sorted."""
ALERTS = ListKind("alerts", "/alerts/", COLUMNS, USUAL, LEADS_ON)
ROW_FIELDS = ("id", "title", "incident_id")
"""Of every row, whatever its columns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The list that an address asks for, the same for page and API."""

    query: QueryDict
    """With the defaults written out."""
    filter: AlertFilter
    order: Order

    @property
    def matching(self) -> QuerySet[Alert]:
        return self.filter.qs

    @property
    def listed(self) -> Listed:
        """The same rows, to be listed or counted."""
        return self.filter.listed


@dataclass(frozen=True, slots=True)
class AlertsPage:
    """One page of the list, ready to be shown."""

    rows: list[ListRow]
    columns: list[Column]
    count: Count
    order: Order
    query: QueryDict
    filter: AlertFilter
    previous_url: str
    next_url: str
    link: str
    """The address that shows this list to anybody."""


def asked(query: QueryDict, principal: Principal) -> Asked:
    """What an address asks for. Raises UnknownKeys or ValidationError for one that means nothing."""
    full = AlertFilter.with_defaults(query)
    alert_filter = AlertFilter(full, principal=principal)
    alert_filter.check()
    return Asked(full, alert_filter, SORTING.order(full.get("sort", SORTING.usual)))


def alerts_page(
    query: QueryDict,
    principal: Principal,
    path: str,
    *,
    remembered: Sequence[str] = (),
    selectable: bool = False,
    opened: str = "",
) -> AlertsPage:
    """The page that an address asks for; `remembered` names the columns the person likes, `opened` is the id of the
    alert whose details stand beside the list.

    Raises UnknownKeys or ValidationError for one that means nothing.
    """
    wanted = asked(query, principal)
    columns = ALERTS.columns_of(wanted.query, remembered)
    try:
        page, values = page_of_rows(
            wanted.listed,
            wanted.order,
            fields_of(columns, *ROW_FIELDS),
            after=wanted.query.get("after", ""),
            before=wanted.query.get("before", ""),
            size=PAGE_SIZE,
        )
    except BadCursor as error:
        raise ValidationError({"before" if "before" in wanted.query else "after": [str(error)]}) from None
    state = with_values(wanted.query)
    is_whole = not page.next and not {"after", "before"} & set(wanted.query)
    return AlertsPage(
        rows=printed(values, columns, selectable=selectable, opened=opened),
        columns=columns,
        count=Count(len(page.ids)) if is_whole else count(wanted.listed),
        order=wanted.order,
        query=wanted.query,
        filter=wanted.filter,
        previous_url=address(path, state | {"before": [page.previous]}) if page.previous else "",
        next_url=address(path, state | {"after": [page.next]}) if page.next else "",
        link=address(path, state | {"columns": [columns_text(columns)]}),
    )


def printed(
    values: Sequence[Row],
    columns: Sequence[Column],
    *,
    selectable: bool = False,
    opened: str = "",
    fitting: Collection[int] | None = None,
) -> list[ListRow]:
    """Rows as the table shows them; the first can be reached by Tab, the others by the arrows from there. Those that
    are not `fitting`, where that is given, fit the list no more."""
    now = timezone.now()
    return [
        ListRow(
            row["id"],
            row_html(
                row,
                columns,
                now,
                path=f"/alerts/{row['id']}/",
                box="alert" if selectable else "",
                label=row["title"],
                classes="row-gone"
                if fitting is not None and row["id"] not in fitting
                else "row-open"
                if str(row["id"]) == opened
                else "",
                tabindex=0 if index == 0 and fitting is None else -1,
            ),
        )
        for index, row in enumerate(values)
    ]


def changed_rows(
    wanted: Asked, numbers: Collection[int], principal: Principal, *, selectable: bool
) -> tuple[list[ListRow], Count]:
    """Rows that changed while they were shown, for their old places, and the list's count. One that the person may no
    longer see is left out."""
    columns = ALERTS.columns_of(wanted.query, ())
    fields = fields_of(columns, *ROW_FIELDS)
    values = list(Alert.objects.visible_to(principal).filter(pk__in=list(numbers)).values(*fields))
    fitting = set(wanted.matching.filter(pk__in=list(numbers)).values_list("pk", flat=True))
    return printed(values, columns, selectable=selectable, fitting=fitting), count(wanted.listed)


def hidden(wanted: AlertFilter, principal: Principal, path: str) -> list[dict[str, str]]:
    """What the default view leaves out, with links that show it: resolved, informational.

    Only what a default hides, under the other filters as they are; one statement, each count stops at the cap.
    """
    statuses, changes = wanted.data.getlist("status"), dict[str, dict[str, list[str]]]()
    if "resolved" not in statuses and ANY not in statuses:
        changes["resolved"] = {"status": ["resolved"], "severity": [ANY]}
    if wanted.data.getlist("severity") == wanted.DEFAULTS["severity"]:
        changes["informational"] = {"severity": ["informational"]}
    states = {word: with_values(wanted.data, **change) for word, change in changes.items()}
    counts = count_each(
        {
            word: AlertFilter(as_query(state), principal=principal, named_as=wanted).listed
            for word, state in states.items()
        }
    )
    return [
        {"text": f"{counts[word]} {word}", "url": address(path, state)}
        for word, state in states.items()
        if counts[word].exact != 0
    ]


def list_path() -> str:
    return reverse("alerts:queue")
