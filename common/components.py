"""Rendering the components of the pages, each kept as long as it is asked for again and again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_hex
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

MOST_KEPT = 2_000
"""Components that are kept, by what they were made of."""
LONGEST_TEXT, MOST_PARTS = 2_000, 200
"""Characters of a text, and parts of a list, beyond which a component is not kept."""
PLAIN = frozenset((str, SafeString, int, float, bool, type(None)))
PLACE = mark_safe(f"<!--{token_hex(16)}-->")
"""Stands where the content of a component will; nobody can write it, since each process makes its own."""

Key = tuple[Any, ...]


def component(name: str, /, **values: Any) -> SafeString:
    """The template of a component, rendered. Of the same values it is made once: it depends on nothing else, and a page
    is made of dozens that are the same on every page. What a block of a template puts into one is no part of that."""
    if settings.DEBUG:
        return _rendered(name, values)
    content = values.get("content", "")
    is_apart = bool(content) and isinstance(content, SafeString)
    if is_apart:
        values["content"] = PLACE
    key = key_of(values)
    made = _kept(name, _Values(key, values)) if key else _rendered(name, values)
    return mark_safe(made.replace(PLACE, content)) if is_apart else made


@dataclass(frozen=True, slots=True)
class _Values:
    """What a component is given, told apart by its key."""

    key: Key
    given: dict[str, Any] = field(compare=False)


@lru_cache(maxsize=MOST_KEPT)
def _kept(name: str, values: _Values) -> SafeString:
    return _rendered(name, values.given)


def _rendered(name: str, values: dict[str, Any]) -> SafeString:
    return mark_safe(render_to_string(f"components/{name}.html", values).strip())


def key_of(value: Any) -> Key:
    """A key that only equal values have; nothing for what is too long to keep, or could change after it was kept.

    Types are part of it: text that is safe to print equals the same text that is not, and 1 equals True.
    """
    kind = type(value)
    if kind in PLAIN:
        return (kind, value) if not isinstance(value, str) or len(value) <= LONGEST_TEXT else ()
    if kind is dict:
        value = [part for pair in value.items() for part in pair]
    elif kind is not list and kind is not tuple:
        return ()
    parts = tuple([key_of(part) for part in value])
    return (kind, parts) if len(parts) <= MOST_PARTS and all(parts) else ()
