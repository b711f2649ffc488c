"""The components of the pages: one tag, one template in `templates/components/`, one CSS file, all of one name.

Extra keyword arguments of a tag become attributes of its element: `hx_get=url` is written `hx-get`, `class_` is
`class`, True is a bare attribute, None and False are left out. Tags that end in `end…` wrap what stands between.
Row loops use `common.marks` instead: same look, made once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common import marks
from common.components import MOST_KEPT, PLAIN, component
from common.icons import icon as icon_mark
from common.static_bundle import SCRIPT, SHEET, sheet_parts

register = template.Library()

Context = dict[str, Any]

WIDE = 10
"""Columns above which a table is scrolled sideways instead of giving columns up."""
MESSAGE_KINDS = ("info", "success", "warning", "error")


def attributes_text(attributes: dict[str, Any]) -> SafeString:
    """Keyword arguments as HTML attributes, escaped, with a leading space."""
    said = [(key, type(value), value) for key, value in attributes.items() if value not in (None, False, "")]
    if all(kind in PLAIN for _, kind, _ in said):
        return _kept_attributes(tuple(said))
    return _attributes(said)


def _attributes(said: Sequence[tuple[str, type, Any]]) -> SafeString:
    return flatatt({key.rstrip("_").replace("_", "-"): value for key, _, value in said})


_kept_attributes = lru_cache(maxsize=MOST_KEPT)(_attributes)
"""Told apart by the types of their values, too: text that is safe to print equals the same text that is not."""


def optional_icon(role: str, size: str = "m") -> SafeString | str:
    return icon_mark(role, size) if role else ""


# --- marks: also for row loops, see common.marks -------------------------------------------------------------------

register.simple_tag(icon_mark, name="icon")
register.simple_tag(marks.status_mark, name="status")
register.simple_tag(marks.severity_mark, name="severity")
register.simple_tag(marks.score_mark, name="score")
register.simple_tag(marks.asset_counts, name="counts")
register.simple_tag(marks.crown_mark, name="crown")
register.simple_tag(marks.time_mark, name="moment")
register.simple_tag(marks.due_mark, name="due")
register.simple_tag(marks.indicator_mark, name="indicator")
register.simple_tag(marks.restricted_mark, name="restricted")


@register.filter
def thousands(number: int) -> str:
    """A figure as people read it: 12,340."""
    return f"{number:,}" if isinstance(number, int) else ""


@register.filter
def as_json(value: Any) -> str:
    """For an attribute that a script reads."""
    return json.dumps(value)


@register.simple_tag(name="tag")
def tag_tag(name: str, kind: str = "custom") -> SafeString:
    return marks.tag_mark(name, kind)


@register.simple_tag
def person(name: str, initials: str = "", kind: str = "person", compact: bool = False) -> SafeString:
    return marks.person_mark(initials, name, kind, compact=compact)


@register.simple_tag
def key(keys: str) -> SafeString:
    """A key of the keyboard."""
    return component("key", keys=keys)


# --- actions -------------------------------------------------------------------------------------------------------


@register.simple_tag
def button(
    label: str,
    kind: str = "secondary",
    size: str = "m",
    icon: str = "",
    icon_end: str = "",
    href: str = "",
    icon_only: bool = False,
    busy: bool = False,
    shortcut: str = "",
    **attributes: Any,
) -> SafeString:
    """A button, or with `href` a link that looks like one. `kind`: primary, secondary, quiet, danger; `size`: s, m."""
    if shortcut:
        hint = {"data_shortcut": shortcut, "aria_keyshortcuts": shortcut, "title": f"{label} ({shortcut})"}
        attributes = {**hint, **attributes}
    if icon_only:
        attributes.setdefault("title", label)
    if not href:
        attributes.setdefault("type", "button")
    return component(
        "button",
        label=label,
        kind=kind,
        size=size,
        icon=optional_icon(icon),
        icon_end=optional_icon(icon_end, "s"),
        href=href,
        icon_only=icon_only,
        busy=busy,
        attributes=attributes_text(attributes),
    )


@register.simple_tag
def segmented(label: str, items: Sequence[Context], name: str = "") -> SafeString:
    """One of a few: links (`url`, `current`), or radio buttons of a form when `name` is given (`value`, `current`)."""
    return component("segmented", label=label, items=items, name=name)


@register.simple_block_tag
def menu(
    content: str,
    label: str,
    icon: str = "",
    icon_only: bool = False,
    kind: str = "secondary",
    size: str = "m",
    align: str = "end",
    shortcut: str = "",
) -> SafeString:
    """A button that discloses `menu_item`s; works without script."""
    return component(
        "menu",
        content=content,
        label=label,
        icon=optional_icon(icon),
        icon_only=icon_only,
        kind=kind,
        size=size,
        align=align,
        shortcut=shortcut,
    )


@register.simple_tag
def menu_item(
    label: str, icon: str = "", href: str = "", danger: bool = False, shortcut: str = "", **attributes: Any
) -> SafeString:
    if not href:
        attributes.setdefault("type", "button")
    if shortcut:
        attributes = {"data_shortcut": shortcut, "aria_keyshortcuts": shortcut, **attributes}
    return component(
        "menu_item",
        label=label,
        icon=optional_icon(icon),
        href=href,
        danger=danger,
        shortcut=shortcut,
        attributes=attributes_text(attributes),
    )


@register.simple_block_tag
def dialog(content: str, identifier: str, title: str, wide: bool = False) -> SafeString:
    """A modal dialog, opened by `data-dialog-open="identifier"`. Its buttons stand in a `dialog-actions` element."""
    return component("dialog", content=content, identifier=identifier, title=title, wide=wide)


@register.simple_block_tag
def bulk_bar(content: str, noun: str = "incidents") -> SafeString:
    """The bar that appears when rows are selected: how many, the buttons given, Clear."""
    return component("bulk_bar", content=content, noun=noun)


# --- list pages ----------------------------------------------------------------------------------------------------


@register.simple_tag
def chip(
    label: str,
    value: str,
    remove_url: str = "",
    edit_url: str = "",
    title: str = "",
    key: str = "",
    **attributes: Any,
) -> SafeString:
    """A filter in force, with a link that takes it away and one that changes it; `title` is the value in full."""
    return component(
        "chip",
        label=label,
        value=value,
        title=title,
        key=key,
        remove_url=remove_url,
        edit_url=edit_url,
        attributes=attributes_text(attributes),
    )


@register.simple_tag
def search(
    name: str = "search",
    value: str = "",
    label: str = "Search",
    placeholder: str = "",
    shortcut: str = "/",
    code: bool = False,
    **attributes: Any,
) -> SafeString:
    """A search field with its key; stands in a form of the page."""
    return component(
        "search",
        name=name,
        value=value,
        label=label,
        placeholder=placeholder,
        shortcut=shortcut,
        code=code,
        attributes=attributes_text(attributes),
    )


@register.simple_tag
def filter_menu(
    groups: Sequence[Context],
    label: str = "Add filter",
    action: str = "",
    hidden: Iterable[tuple[str, str]] = (),
    apply: str = "Apply",
    **attributes: Any,
) -> SafeString:
    """Check boxes by group (label, name, open, options) in a GET form; `hidden` pairs stay in the address."""
    return component(
        "filter_menu",
        groups=groups,
        label=label,
        action=action,
        hidden=list(hidden),
        apply=apply,
        attributes=attributes_text(attributes),
    )


@register.simple_block_tag
def table(
    content: str,
    columns: Sequence[Context],
    caption: str,
    selectable: bool = False,
    identifier: str = "",
    unfolds: str = "",
    is_part: bool = False,
) -> SafeString:
    """A data table around the tbody given.

    A column: label, hide_label, hint, width (mark, icon, score, short, time, medium, person, long, wide, fill),
    sort_url, direction (ascending, descending), rank among several, add_url (sorts by this one as well), number, give
    (1 gives way first, then 2, 3). `unfolds` says what a row unfolds to, by a chevron in a cell of its own; `is_part`
    is for one of several tables of a list, which has no box that selects the whole page.
    """
    wide = len(columns) > WIDE
    return component(
        "table",
        content=content,
        columns=columns,
        caption=caption,
        selectable=selectable,
        identifier=identifier,
        unfolds=unfolds,
        is_part=is_part,
        wide=wide,
    )


@register.simple_tag
def pagination(
    range_text: str,
    previous_url: str = "",
    next_url: str = "",
    hints: Iterable[tuple[Sequence[str], str]] = (),
    **attributes: Any,
) -> SafeString:
    """The foot of a list: range in words, previous and next, and key hints as pairs of (keys, what they do)."""
    return component(
        "pagination",
        range_text=range_text,
        previous_url=previous_url,
        next_url=next_url,
        hints=list(hints),
        attributes=attributes_text(attributes),
    )


@register.simple_tag
def new_bar(url: str, noun: str = "incidents", **attributes: Any) -> SafeString:
    """“3 new incidents, show”: hidden until static/js/poll.js hears of some."""
    return component("new_bar", url=url, noun=noun, attributes=attributes_text(attributes))


@register.simple_block_tag
def pane(
    content: str,
    identifier: str = "pane",
    label: str = "Details",
    closed: bool = False,
    parameter: str = "",
    edit: str = "",
    take: str = "",
    edit_keys: str = "",
) -> SafeString:
    """The place beside a list where a row's details open; a sheet over it on narrow screens.

    `parameter` names the key of the address that keeps the open row. `edit` is the form that the keys of triage open
    and `take` where "assign to me" is sent: relative to a row's details, or whole on a page without rows. `edit_keys`
    ("a s c") are the keys that its form has fields for, where it has not all.
    """
    return component(
        "pane",
        content=content,
        identifier=identifier,
        label=label,
        closed=closed,
        parameter=parameter,
        edit=edit,
        take=take,
        edit_keys=edit_keys,
    )


@register.simple_block_tag
def pane_bar(content: str, close_url: str = "") -> SafeString:
    """Top line of a pane: what it is at the left; previous, next and close at the right."""
    return component("pane_bar", content=content, close_url=close_url)


@register.simple_block_tag
def pane_section(content: str, title: str = "") -> SafeString:
    return component("pane_section", content=content, title=title)


@register.simple_tag
def bell() -> SafeString:
    """The way to one's notices, with how many are unread."""
    return component("bell", url="/notices/")


# --- what pages are made of ----------------------------------------------------------------------------------------


@register.simple_block_tag
def page_header(content: str, title: str, note: str = "") -> SafeString:
    """The title of a page, a figure beside it, and its buttons at the end."""
    return component("page_header", content=content, title=title, note=note)


@register.simple_tag
def breadcrumb(items: Sequence[Context]) -> SafeString:
    """Where the page stands: label and url, the last without."""
    return component("breadcrumb", items=items)


@register.simple_tag
def tabs(items: Sequence[Context], label: str = "Sections") -> SafeString:
    """Tabs as links: label, url, count, current."""
    return component("tabs", items=items, label=label)


@register.simple_block_tag
def card(
    content: str,
    title: str = "",
    identifier: str = "",
    flush: bool = False,
    action_label: str = "",
    action_url: str = "",
    level: int = 2,
) -> SafeString:
    """A surface with a heading; `flush` lets what is inside reach the edges."""
    return component(
        "card",
        content=content,
        title=title,
        identifier=identifier,
        flush=flush,
        action_label=action_label,
        action_url=action_url,
        level=level,
    )


@register.simple_tag
def facts(rows: Iterable[tuple[str, Any]]) -> SafeString:
    """A definition list from pairs of label and value."""
    return component("facts", rows=list(rows))


@register.simple_block_tag
def entry(
    content: str,
    mark: str,
    name: str,
    sentence: str,
    time: str = "",
    changes: Sequence[Context] = (),
    identifier: str = "",
    origin: int | None = None,
    through: str = "",
    way: str = "",
    body: str = "",
    menu: str = "",
    **attributes: Any,
) -> SafeString:
    """One line of the activity, inside `<ol class="entries">`: who (a compact person mark), what, when, old and new
    values (field, old, new), the merged incident it comes from, through what and the page of that (`way`), the body of
    a comment, a menu; between the tags what belongs beneath it.
    """
    return component(
        "entry",
        content=content,
        mark=mark,
        name=name,
        sentence=sentence,
        time=time,
        changes=changes,
        identifier=identifier,
        origin=origin,
        through=through,
        way=way,
        body=body,
        menu=menu,
        attributes=attributes_text(attributes),
    )


@register.simple_block_tag
def empty(content: str, title: str, icon: str = "empty") -> SafeString:
    """Nothing to show: why, and between the tags the next step."""
    return component("empty", content=content, title=title, icon=icon_mark(icon, "xl"))


@register.simple_tag
def skeleton(lines: int = 3, kind: str = "text", label: str = "Loading") -> SafeString:
    """The shape of what is coming. `kind`: text or rows."""
    return component("skeleton", lines=range(lines), kind=kind, label=label)


@register.simple_tag
def meter(label: str, value: float, maximum: float = 100, text: str | int = "", short: bool = False) -> SafeString:
    """A share as a bar with its label and figure; `short` is the bar alone."""
    share = round(max(0.0, min(1.0, value / maximum if maximum else 0.0)) * 100, 1)
    return component("meter", label=label, share=f"{share:g}", text=str(text), short=short)


@register.simple_tag
def kill_chain(items: Sequence[Context]) -> SafeString:
    """The tactics of an attack in order (label, url); those with a url are covered."""
    return component("kill_chain", items=items)


@register.simple_tag
def progress(
    label: str, value: int | None = None, maximum: int = 100, text: str = "", identifier: str = "progress"
) -> SafeString:
    """How far long work has come; without a value the length is not known."""
    return component("progress", label=label, value=value, maximum=maximum, text=text, identifier=identifier)


@register.simple_tag
def strip(label: str, values: Sequence[int], hot: int = 0) -> SafeString:
    """A row of small bars, newest last; the last `hot` ones stand out. The label says in words what they show."""
    top = max([*values, 1])
    bars = [
        {"x": index * 7, "y": 22 - height, "height": height, "hot": index >= len(values) - hot}
        for index, height in enumerate(max(2, round(22 * value / top)) for value in values)
    ]
    return component("strip", label=label, bars=bars, width=len(bars) * 7 - 2)


CHART_HEIGHT, BAR, BAR_GAP = 60, 10, 3


@register.simple_tag
def severity_strip(label: str, bars: Sequence[Context], levels: Sequence[SafeString]) -> SafeString:
    """How many of each severity there were, period by period, the oldest first: stacked bars, and a table of the same.

    A bar: label, title (all its figures in words), url, values (pairs of severity and number, the gravest first).
    `levels` are the marks of these severities.
    """
    totals = [sum(number for _, number in bar["values"]) for bar in bars]
    top = max([*totals, 1])
    drawn = []
    for index, (bar, total) in enumerate(zip(bars, totals, strict=True)):
        segments, foot, below = [], CHART_HEIGHT, 0
        for slug, number in reversed(bar["values"]):
            below += number
            head = CHART_HEIGHT - max(round(CHART_HEIGHT * below / top), 3 if below else 0)
            if foot > head:
                segments.append({"slug": slug, "y": head, "height": foot - head})
                foot = head
        drawn.append({**bar, "total": total, "x": index * (BAR + BAR_GAP), "segments": segments})
    return component(
        "severity_strip",
        label=label,
        bars=drawn,
        levels=levels,
        top=top,
        bar_width=BAR,
        height=CHART_HEIGHT,
        width=max(len(drawn) * (BAR + BAR_GAP) - BAR_GAP, 1),
    )


# --- messages ------------------------------------------------------------------------------------------------------


@register.simple_tag
def toast(text: str, kind: str = "info", undo_url: str = "", undo_label: str = "Undo") -> SafeString:
    """A short message that stays at least ten seconds. `kind`: info, success, warning, error."""
    known = kind if kind in MESSAGE_KINDS else "info"
    return component("toast", text=text, kind=known, icon=icon_mark(known), undo_url=undo_url, undo_label=undo_label)


@register.simple_tag
@cache
def toast_templates() -> SafeString:
    """What static/js/toast.js copies when the browser has something to say."""
    return format_html_join(
        "\n",
        '<template data-toast-kind="{}">{}</template>',
        ((kind, toast("", kind, undo_url="#")) for kind in MESSAGE_KINDS),
    )


@register.simple_block_tag
def notice(content: str, kind: str = "info", title: str = "") -> SafeString:
    """A message that belongs to the page. `kind`: info, success, warning, error."""
    known = kind if kind in MESSAGE_KINDS else "info"
    return component("notice", content=content, kind=known, title=title, icon=icon_mark(known))


@register.simple_tag
def conflict(by: str, fields: Sequence[Context], time: str = "") -> SafeString:
    """Two people changed the same: both values of each field (name, label, yours, theirs) and a choice `keep_NAME`."""
    return component("conflict", by=by, fields=fields, time=time)


# --- forms ---------------------------------------------------------------------------------------------------------


@register.simple_tag
def field(bound: BoundField, label: str = "") -> SafeString:
    """A field of a Django form: label, control, help, errors."""
    choice = bound.widget_type == "checkbox"
    return component(
        "field",
        label=label or bound.label,
        identifier=bound.id_for_label,
        control=bound.as_widget(),
        help=bound.help_text,
        errors=bound.errors,
        optional=not bound.field.required and not choice,
        choice=choice,
        group=bound.use_fieldset,
    )


@register.simple_block_tag
def labelled(content: str, label: str, identifier: str, help: str = "", error: str = "") -> SafeString:
    """The same around a control written by hand."""
    return component(
        "field", label=label, identifier=identifier, control=content, help=help, errors=[error] if error else []
    )


@register.simple_block_tag
def editor(
    content: str,
    identifier: str,
    preview_url: str,
    mentions_url: str = "",
    upload_url: str = "",
    upload_most: int = 0,
    most: int = 30_000,
) -> SafeString:
    """A text area for Markdown, given between the tags: tools, a preview that `preview_url` makes, type-ahead of people
    from `mentions_url`, files of at most `upload_most` bytes sent to `upload_url`, and the characters that are left of
    `most`. All of these come with static/js/editor.js; without it the text area is what it is."""
    return component(
        "editor",
        content=content,
        identifier=identifier,
        preview_url=preview_url,
        mentions_url=mentions_url,
        upload_url=upload_url,
        upload_most=upload_most,
        most=most,
    )


@register.simple_block_tag
def form_section(content: str, title: str = "", help: str = "") -> SafeString:
    """Fields of one subject, with a heading beside them where there is room."""
    return component("form_section", content=content, title=title, help=help)


@register.simple_tag
def combobox(
    identifier: str,
    name: str,
    label: str,
    url: str,
    chosen: Sequence[Context] = (),
    multiple: bool = False,
    create: bool = False,
    placeholder: str = "",
    help: str = "",
    error: str = "",
    required: bool = False,
    **attributes: Any,
) -> SafeString:
    """A type-ahead over the options that `url` answers (see `combobox_options`). `chosen`: value, label, mark.

    Without script it is a plain text field of that name, plus a check box for each value already chosen.
    """
    values = locals() | {"attributes": attributes_text(attributes), "look": "plain"}
    return component("combobox", **values)


@register.simple_tag
def tag_input(
    identifier: str,
    name: str,
    url: str,
    label: str = "Tags",
    chosen: Sequence[Context] = (),
    create: bool = True,
    placeholder: str = "Add a tag",
    help: str = "",
    error: str = "",
    **attributes: Any,
) -> SafeString:
    """A combobox for many tags that may create new ones."""
    values = locals() | {"attributes": attributes_text(attributes)}
    return component("tag_input", **values)


@register.simple_tag
def combobox_options(groups: Sequence[Context], create: str = "", empty: str = "") -> SafeString:
    """The answer to a combobox: groups (label, options (value, label, mark, hint)), and what may be created."""
    return component("combobox_options", groups=groups, create=create, empty=empty)


# --- the head of the page ------------------------------------------------------------------------------------------


@register.simple_tag
def stylesheets() -> SafeString:
    """The link to the one style sheet, or to its parts where the finder that joins them is not installed."""
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(path),) for path in _sheets()))


@cache
def _sheets() -> list[str]:
    """Found once: looking for the joined sheet reads all its parts."""
    return [SHEET] if finders.find(SHEET) else sheet_parts()


@register.simple_tag
def script() -> SafeString:
    """The link to the one script: every module that main.js imports."""
    return format_html('<script type="module" src="{}"></script>', static(SCRIPT))
