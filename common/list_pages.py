"""What the pages of lists have in common: heads of columns, rows, and how many of how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from common.columns import Column, Row, cells
from common.counting import Count
from common.pagination import Order
from common.query_strings import address, with_values
from common.sorting import added, clicked, parts


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a list, ready to print."""

    number: int
    html: SafeString


def headings(columns: Sequence[Column], order: Order, query: QueryDict, path: str) -> list[dict[str, Any]]:
    """The heads of the columns; one can be sorted by where `sort_url` is: alone, or by `add_url` as well."""
    present = parts(order)
    several = len(present) > 1
    shown = []
    for column in columns:
        head: dict[str, Any] = {
            "key": column.key,
            "label": column.heading or column.label,
            "width": column.width,
            "hint": column.hint,
            "give": column.give,
            "number": column.number,
        }
        if column.sort:
            rank, direction = present.get(column.sort, (0, ""))
            more = added(order, column.sort)
            head |= {
                "sort_url": address(path, with_values(query, sort=[clicked(order, column.sort, rises=column.rises)])),
                "add_url": address(path, with_values(query, sort=[more])) if more else "",
                "direction": direction,
                "rank": rank if several else 0,
            }
        shown.append(head)
    return shown


def row_html(
    row: Row,
    columns: Sequence[Column],
    now: datetime,
    *,
    path: str,
    box: str = "",
    label: str = "",
    classes: str = "",
    tabindex: int = -1,
) -> SafeString:
    """One row of the table: `path` is where its page is, with its pane beneath; `box` the name of its check box, if it
    can be selected, `label` what it is called there."""
    number = row["id"]
    marked = f' class="{classes}"' if classes else ""
    check = (
        f'<td class="cell-check"><label class="check"><input type="checkbox" name="{box}" value="{number}" '
        f'data-select-row><span class="visually-hidden">Select {escape(label)}</span></label></td>'
        if box
        else ""
    )
    return mark_safe(
        f'<tr data-row data-id="{number}" data-live="{number}" data-href="{path}" '
        f'data-pane-url="{path}details/" tabindex="{tabindex}"{marked}>{check}{cells(columns, row, now)}</tr>\n'
    )


def range_text(shown: int, count: Count) -> str:
    """How many of how many."""
    if count.exact is not None and shown == count.exact:
        return f"{shown:,} of {shown:,}"
    return f"{shown:,} of {count.in_words}"
