"""What the address of the Attack story tab asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from django.http import QueryDict

from common.query_strings import check_keys, nearest
from entities.choices import EntityKind

KEYS = ("until", "hide", "view")
VIEWS = ("graph", "table")


class BadMoment(ValueError):
    """The address asks for a moment, a type or a view that there is not; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the story is to be shown: up to which alert, without which kinds of things, as picture or table."""

    until: int | None = None
    hidden: frozenset[EntityKind] = frozenset()
    view: str = "graph"

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        """Raises UnknownKeys and BadMoment."""
        check_keys(query, KEYS)
        until, view = query.get("until", ""), query.get("view", "graph")
        if until and not (until.isascii() and until.isdigit() and len(until) < 10 and int(until)):
            raise BadMoment(
                "until is the number of an alert in the story, such as 5; leave it out for the whole story."
            )
        if view not in VIEWS:
            raise BadMoment(f"view is graph or table, not “{view[:40]}”.")
        for word in query.getlist("hide"):
            if word not in EntityKind.values:
                raise BadMoment(f"hide knows no type “{word[:40]}”{nearest(word, EntityKind.slugs())}")
        hidden = frozenset(EntityKind(word) for word in query.getlist("hide"))
        return cls(int(until) if until else None, hidden, view)

    def address(self, path: str) -> str:
        """The page that shows it."""
        words: list[tuple[str, str]] = [("until", str(self.until))] if self.until else []
        words += [("hide", kind.slug) for kind in EntityKind if kind in self.hidden]
        words += [("view", self.view)] if self.view != "graph" else []
        return f"{path}?{urlencode(words)}" if words else path
