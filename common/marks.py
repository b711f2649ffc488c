"""Small ready-made pieces of HTML for list rows, made once per value and kept.

Row loops are hot: a view puts these into its plain row dicts, and the loop in the template only prints them. Each is
the same component that the tag of that name in `templatetags/ui.py` renders, from the same template.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Protocol

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from common.icons import icon

__all__ = [
    "absolute_time",
    "asset_counts",
    "crown_mark",
    "dated",
    "day_and_time",
    "due_mark",
    "entity_icon",
    "icon",
    "indicator_mark",
    "initials",
    "person_mark",
    "relative_time",
    "restricted_mark",
    "score_mark",
    "severity_mark",
    "status_mark",
    "tag_mark",
    "time_mark",
]

TOP_SCORE = 85
MIDDLE_SCORE = 15
"""Above the first a score is red, from the second up to it orange, below grey. Source: Microsoft Defender."""

TAG_ICONS = {"critical": "critical", "redirected": "redirected"}
TAG_KINDS = {"custom", "attack", "automatic", "critical", "redirected"}
PERSON_KINDS = {"person", "team", "system", "unassigned"}
KEPT = 4096


class Term(Protocol):
    """A value of a closed list (common.terms): a word for machines and one for people."""

    @property
    def slug(self) -> str: ...

    @property
    def label(self) -> str: ...


def severity_mark(severity: Term, *, compact: bool = False) -> SafeString:
    """Bars and word; with `compact` the word is for assistive technology and the tooltip only."""
    return _term("severity", severity.slug, str(severity.label), compact)


def status_mark(status: Term) -> SafeString:
    """Sign and word of a status: of an incident, alert, run, task or approval."""
    return _term("status", status.slug, str(status.label), False)


@lru_cache(maxsize=512)
def score_mark(score: int | None) -> SafeString:
    """Priority from 0 to 100 in its band; a dash where it has not been worked out."""
    band = "none" if score is None else "top" if score > TOP_SCORE else "middle" if score >= MIDDLE_SCORE else "base"
    return _rendered("score", {"score": score, "band": band})


def tag_mark(name: str, kind: str = "custom") -> SafeString:
    """A tag: white where people made it, red for attacks, black for automatic action, crowned for critical assets."""
    if kind not in TAG_KINDS:
        raise ValueError(f"“{kind}” is no kind of tag: {', '.join(sorted(TAG_KINDS))}")
    return _tag(_plain(name), kind)


def person_mark(initials: str, name: str, kind: str = "person", *, compact: bool = False) -> SafeString:
    """Who: a person (round), a team (square), the system, or nobody. `compact` shows the mark alone."""
    if kind not in PERSON_KINDS:
        raise ValueError(f"“{kind}” is no kind of person: {', '.join(sorted(PERSON_KINDS))}")
    return _person(_plain(initials), _plain(name), kind, compact)


def initials(name: str) -> str:
    """Two letters for a person's or team's mark."""
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def indicator_mark(text: str, raw: str = "", *, copy: bool = True, href: str = "") -> SafeString:
    """Technical text in monospace. `text` is shown (defanged by the caller), `raw` is what its button copies; `href` is
    a page of ours about it, never what it names."""
    return _rendered("indicator", {"text": _plain(text), "raw": _plain(raw or text), "copy": copy, "href": href})


def entity_icon(kind: Term | str) -> SafeString:
    """The icon of a kind of entity."""
    return icon(kind if isinstance(kind, str) else kind.slug)


def crown_mark(level: Term | None) -> SafeString:
    """The crown of a critical asset, in the colour of its level; nothing for what is not critical."""
    return _crown(level.slug, str(level.label)) if level else SafeString("")


def asset_counts(counts: Mapping[str, int]) -> SafeString:
    """How many devices, users, … as icon and number: `{"device": 6, "user": 3}`. Zero is left out."""
    return _counts(tuple((kind, count) for kind, count in counts.items() if count))


def time_mark(moment: datetime, now: datetime | None = None) -> SafeString:
    """How long ago, with the exact time on hover; the browser keeps the words fresh (static/js/relative_time.js)."""
    # words and figures of our own: nothing in them needs escaping but the name of the zone, which has no signs either
    return mark_safe(
        f'<time class="moment" datetime="{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" title="{absolute_time(moment)}" '
        f"data-relative>{relative_time(moment, now)}</time>"
    )


def due_mark(due: datetime, now: datetime | None = None, *, counts: bool = True) -> SafeString:
    """Until when, with a sign; past that time the word "Overdue" says so, where it still counts."""
    now = now or timezone.now()
    if counts and due <= now:
        return mark_safe(f'<span class="due due-overdue">{icon("warning", "s")}Overdue {time_mark(due, now)}</span>')
    return mark_safe(f'<span class="due">{icon("date", "s")}{time_mark(due, now)}</span>')


def absolute_time(moment: datetime) -> str:
    """Date and time in the zone of the person reading, zone named, with its offset from UTC."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %Y, %H:%M:%S %Z}{_offset(local)}"


def _offset(local: datetime) -> str:
    """“ (UTC−5)”; nothing where the zone is UTC itself."""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    if not minutes:
        return ""
    hours, rest = divmod(abs(minutes), 60)
    return f" (UTC{'+' if minutes > 0 else '−'}{hours}{f':{rest:02}' if rest else ''})"


def relative_time(moment: datetime, now: datetime | None = None) -> str:
    """now, 2 min, 3 h, 4 d, then the date. The same words as in static/js/relative_time.js."""
    now = now or timezone.now()
    seconds = int((now - moment).total_seconds())
    if -60 < seconds < 60:
        return "now"
    for size, limit, word in ((60, 3600, "min"), (3600, 86_400, "h"), (86_400, 604_800, "d")):
        if abs(seconds) < limit:
            span = f"{abs(seconds) // size} {word}"
            return span if seconds > 0 else f"in {span}"
    local, today = timezone.localtime(moment), timezone.localtime(now)
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def dated(moment: datetime) -> SafeString:
    """Day and time, and how long ago."""
    return format_html('{} <span class="faint">{}</span>', day_and_time(moment), time_mark(moment))


def day_and_time(moment: datetime) -> str:
    """To the minute, in the zone of the person reading; the year where it is another one."""
    local, now = timezone.localtime(moment), timezone.localtime()
    year = "" if local.year == now.year else f" {local.year}"
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


def _plain(text: str) -> str:
    """Text that will be escaped, whatever it was marked as before: kept marks must not depend on who asked first."""
    return "" + text


def _rendered(component: str, values: dict[str, object]) -> SafeString:
    return mark_safe(render_to_string(f"components/{component}.html", values).strip())


@lru_cache(maxsize=512)
def _term(component: str, slug: str, label: str, compact: bool) -> SafeString:
    """Kept by words, not by member: terms are numbers, and equal numbers of two lists are equal keys."""
    return _rendered(component, {"slug": slug, "label": label, "compact": compact})


@cache
def restricted_mark() -> SafeString:
    """That an incident is restricted."""
    return _rendered("restricted", {})


@lru_cache(maxsize=KEPT)
def _tag(name: str, kind: str) -> SafeString:
    sign = icon(TAG_ICONS[kind], "s") if kind in TAG_ICONS else ""
    return _rendered("tag", {"name": name, "kind": kind, "icon": sign})


@lru_cache(maxsize=KEPT)
def _person(initials: str, name: str, kind: str, compact: bool) -> SafeString:
    sign = icon("system", "s") if kind == "system" else ""
    values = {"initials": initials[:3], "name": name, "kind": kind, "icon": sign, "compact": compact}
    return _rendered("person", values)


@lru_cache(maxsize=16)
def _crown(level: str, label: str) -> SafeString:
    return _rendered("crown", {"level": level, "label": label.lower(), "icon": icon("critical", "s")})


@lru_cache(maxsize=KEPT)
def _counts(counts: tuple[tuple[str, int], ...]) -> SafeString:
    items = [{"icon": icon(kind), "label": kind.replace("_", " "), "count": count} for kind, count in counts]
    return _rendered("counts", {"items": items})
