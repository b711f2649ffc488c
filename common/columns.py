"""Columns of a list: what each shows, in one place for page, chooser, link and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.safestring import SafeString, mark_safe

from common.query_strings import nearest

Row = dict[str, Any]
"""What the database gave for one row, by field name."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    key: str
    """In addresses and in what is remembered."""
    label: str
    content: Callable[[Row, datetime], str]
    """The cell's inside for a row at a moment, as HTML: plain values must come escaped."""
    value: Callable[[Row], Any]
    """The same for machines: text, number, time, list of texts or None."""
    fields: tuple[str, ...]
    """Of the row: fields and annotations that content and value read."""
    heading: str = ""
    """Where the label is too long for the head of the table."""
    hint: str = ""
    width: str = "medium"
    """As in the table component."""
    give: int = 0
    """Gives way on narrow frames: 1 first, then 2, 3; 0 stays."""
    number: bool = False
    sort: str = ""
    """The order that a click on the heading gives; "" where there is none."""
    rises: bool = False
    """Whether that order begins with the smallest, as for what is due soonest."""
    classes: str = ""
    """Of the cell, beside those that follow from the above."""
    opening: str = field(init=False)

    def __post_init__(self) -> None:
        words = [self.classes, "cell-number" if self.number else "", f"give-{self.give}" if self.give else ""]
        classes = " ".join(word for word in words if word)
        object.__setattr__(self, "opening", f'<td class="{classes}">' if classes else "<td>")

    def cell(self, row: Row, now: datetime) -> str:
        """The whole cell."""
        return f"{self.opening}{self.content(row, now)}</td>"


def cells(columns: Sequence[Column], row: Row, now: datetime) -> SafeString:
    """A row's cells, joined."""
    return mark_safe("".join([f"{column.opening}{column.content(row, now)}</td>" for column in columns]))


def first_of(words: Sequence[str], noun: str = "") -> str:
    """The first word and how many more there are, or with a noun how many there are; all of them on hover."""
    if not words:
        return ""
    if len(words) == 1:
        return escape(words[0])
    shown = f"{len(words)} {noun}" if noun else f"{escape(words[0])} +{len(words) - 1}"
    return f'<span title="{escape(", ".join(words))}">{shown}</span>'


def fields_of(columns: Iterable[Column], *others: str) -> list[str]:
    """What must be read to show these columns, each once."""
    return list(dict.fromkeys([*others, *(name for column in columns for name in column.fields)]))


def chosen_columns(
    known: Mapping[str, Column],
    text: str | None,
    remembered: Sequence[str],
    usual: Sequence[str],
    one_of: Sequence[str] = (),
) -> list[Column]:
    """The columns to show: as the address says, else as the person left them, else the usual ones.

    Raises ValidationError under "columns" for an address that names one twice, one that is none, or none of `one_of`,
    the columns that lead on. What was remembered and is gone since is left out.
    """
    if text is not None:
        return [known[key] for key in _checked(known, text, one_of)]
    kept = [key for key in remembered if key in known]
    return [known[key] for key in (kept if not one_of or set(kept) & set(one_of) else usual)]


def _checked(known: Mapping[str, Column], text: str, one_of: Sequence[str]) -> list[str]:
    keys = [key.strip() for key in text.split(",") if key.strip()]
    problems = [f"“{key[:60]}” is no column{nearest(key, known)}" for key in keys if key not in known]
    problems += [f"“{key}” stands there twice; name it once." for key in known if keys.count(key) > 1]
    if not problems and one_of and not set(keys) & set(one_of):
        names = " or ".join(f"“{key}”" for key in one_of)
        problems.append(f"Show at least {names}: it opens the row.")
    if problems:
        raise ValidationError({"columns": problems})
    return keys


def columns_text(columns: Iterable[Column]) -> str:
    """As it stands in addresses."""
    return ",".join(column.key for column in columns)


@dataclass(frozen=True, slots=True)
class ListKind:
    """A list whose columns people choose."""

    name: str
    """As settings are kept under."""
    path: str
    columns: Mapping[str, Column]
    usual: Sequence[str]
    leads_on: Sequence[str] = ()
    """Columns of which one must be shown, since they open the row."""

    def columns_of(self, query: QueryDict, remembered: Sequence[str]) -> list[Column]:
        """The columns that an address asks for, or else those the person likes. Raises ValidationError."""
        return chosen_columns(self.columns, query.get("columns"), remembered, self.usual, self.leads_on)
