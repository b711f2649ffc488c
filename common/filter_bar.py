"""The filters around a list: chips, and the editor of one filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from common.address_filter import AddressFilter
from common.filter_fields import Field, Kind, RangeField, TermsField, TimeField
from common.filters import ANY
from common.icons import icon
from common.marks import severity_mark, status_mark
from common.query_strings import address, with_values
from common.time_ranges import BadRange, parse_range

AnyFilter = AddressFilter[Any, Any]

MOST_WORDS_IN_A_CHIP = 3
STATE = "in"
"""Under which the filter pages carry the list's address along."""
MARKS: dict[str, Callable[[Any], SafeString]] = {
    "status": status_mark,
    "severity": severity_mark,
    "alert_severity": severity_mark,
}
COMBOBOX_KINDS = (Kind.PEOPLE, Kind.TAGS, Kind.ENTITY, Kind.VOCABULARY)
BOX_KINDS = (Kind.TERMS,)


def chips(wanted: AnyFilter, path: str) -> list[dict[str, Any]]:
    """The filters that are set, as words, each with the address that takes it away and the one that edits it."""
    shown = []
    for key, words in wanted.words.items():
        field = wanted.FIELDS[key]
        if field.kind == Kind.TEXT or (key in wanted.UNSAID and words == wanted.DEFAULTS[key]):
            continue
        labels = ["any"] if ANY in words else [wanted.label(key, word) for word in words]
        removed = [ANY] if key in wanted.DEFAULTS else None
        shown.append(
            {
                "key": key,
                "label": field.label,
                "value": abridged(labels),
                "title": ", ".join(labels),
                "is_any": ANY in words,
                "remove_url": "" if ANY in words else address(path, with_values(wanted.data, **{key: removed})),
                "edit_url": edit_url(wanted, key),
            }
        )
    return shown


def abridged(labels: Sequence[str]) -> str:
    """The first few, and how many more."""
    rest = len(labels) - MOST_WORDS_IN_A_CHIP
    return ", ".join(labels) if rest < 2 else f"{', '.join(labels[:MOST_WORDS_IN_A_CHIP])} +{rest}"


def state_of(query: QueryDict) -> str:
    """The list as a query string, to be carried along by what changes one of its filters."""
    return address("", with_values(query)).removeprefix("?")


def edit_url(wanted: AnyFilter, key: str) -> str:
    """Where the filter of this key is set."""
    return address(page_url(wanted), {"key": [key], STATE: [state_of(wanted.data)]})


def add_url(wanted: AnyFilter) -> str:
    """Where a filter is chosen."""
    return address(page_url(wanted), {STATE: [state_of(wanted.data)]})


def page_url(wanted: AnyFilter) -> str:
    return wanted.address_of("filter")


_CHOICES: dict[str, SafeString] = {}
"""By the list's namespace; made once, for they are the same for everybody."""


def choices(wanted: AnyFilter) -> SafeString:
    """Every field by name, for “Add filter”: buttons of a form."""
    if wanted.NAMESPACE not in _CHOICES:
        _CHOICES[wanted.NAMESPACE] = _choices(wanted)
    return _CHOICES[wanted.NAMESPACE]


def _choices(wanted: AnyFilter) -> SafeString:
    return format_html_join(
        "",
        '<button class="menu-item" type="submit" name="key" value="{}" data-filter-key="{}">{}'
        '<span class="filter-choice">{}</span><span class="filter-hint">{}</span></button>',
        (
            (field.key, field.key, icon(field.icon), field.label, field.help)
            for field in wanted.FIELDS.values()
            if field.kind != Kind.TEXT
        ),
    )


@dataclass(frozen=True, slots=True)
class Editor:
    """What the form of one filter shows."""

    field: Field
    words: list[str]
    """What is set at present."""
    options: list[dict[str, Any]]
    chosen: list[dict[str, Any]]
    since: str = ""
    until: str = ""
    low: str = ""
    high: str = ""
    text: str = ""
    suggest_url: str = ""

    @property
    def is_boxes(self) -> bool:
        return self.field.kind in BOX_KINDS

    @property
    def is_combobox(self) -> bool:
        return self.field.kind in COMBOBOX_KINDS

    @property
    def is_time(self) -> bool:
        return self.field.kind == Kind.TIME

    @property
    def is_numbers(self) -> bool:
        return isinstance(self.field, RangeField) and self.field.largest < 2**31

    @property
    def is_text(self) -> bool:
        return isinstance(self.field, RangeField) and not self.is_numbers


def editor(key: str, wanted: AnyFilter, path: str) -> Editor:
    """The form of a filter as the list has it now. `wanted.names` knows what the words name."""
    field = wanted.FIELDS[key]
    words = wanted.words.get(key, [])
    mark = MARKS.get(key)
    has_links = field.kind in (Kind.TIME, Kind.YES_NO, Kind.RANGE)
    options = [
        {
            "value": option.value,
            "label": option.label,
            "mark": mark(field.terms.from_slug(option.value)) if mark and isinstance(field, TermsField) else "",
            "checked": option.value in words or (ANY in words and not has_links),
            "url": address(path, with_values(wanted.data, **{key: [option.value]})) if has_links else "",
        }
        for option in field.options_for(wanted.names)
    ]
    chosen = [{"value": word, "label": wanted.label(key, word), "mark": ""} for word in words if word != ANY]
    suggest_url = wanted.suggest_url(field) if field.kind in COMBOBOX_KINDS else ""
    return Editor(field, words, options, chosen, suggest_url=suggest_url, **_ends(field, words))


def _ends(field: Field, words: Sequence[str]) -> dict[str, str]:
    """What the fields for an own range hold at first."""
    word = words[0] if len(words) == 1 else ""
    if isinstance(field, RangeField) and word not in field.bands:
        low, high = field.ends(word) or (None, None)
        return {
            "low": "" if low is None else str(low),
            "high": "" if high is None else str(high),
            "text": ", ".join(words),
        }
    if isinstance(field, TimeField) and word and word not in field.PRESETS:
        try:
            span = parse_range(word)
        except BadRange:
            return {}
        return {"since": _local(span.since), "until": _local(span.until)}
    return {}


def _local(moment: datetime | None) -> str:
    """As a browser's field for date and time has it, in the zone of the person."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}" if moment else ""
