"""What the system calls an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rules import in_order_of_attack
from entities.choices import EntityKind


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What an automatic name is made of."""

    titles: Sequence[str]
    """Distinct alert titles, the first alert's first; two are enough."""
    categories: Sequence[str]
    asset_counts: dict[str, int]
    """Kind of asset → how many."""
    sources: int
    """How many products reported."""


def automatic_name(facts: NameFacts) -> str:
    """The system's name for an incident: kind, extent, source.

    | alerts | name |
    |---|---|
    | of one kind | the alert's title, with the extent |
    | of several kinds, two or more categories | Multi-stage incident involving the first & the last category |
    | of several kinds, one category | that category's incident |
    | of several kinds, no category | the first title and others |
    """
    categories = in_order_of_attack(facts.categories)
    if len(facts.titles) == 1:
        subject, verb = facts.titles[0], "involving"
    elif len(categories) > 1:
        subject, verb = f"Multi-stage incident involving {categories[0]} & {categories[-1]}", "with"
    elif categories:
        subject, verb = f"{categories[0]} incident", "involving"
    else:
        subject, verb = f"{facts.titles[0]} and other alerts", "involving"
    reported = " reported by multiple sources" if facts.sources > 1 else ""
    name = subject + _extent(facts.asset_counts, verb) + reported
    return name if len(name) <= 500 else name[:499] + "…"


def _extent(asset_counts: dict[str, int], verb: str) -> str:
    devices = asset_counts.get(EntityKind.DEVICE, 0)
    others = [
        counted(asset_counts.get(kind, 0), one, many)
        for kind, one, many in (
            (EntityKind.USER, "user", "users"),
            (EntityKind.MAILBOX, "mailbox", "mailboxes"),
            (EntityKind.APPLICATION, "app", "apps"),
            (EntityKind.CLOUD_RESOURCE, "cloud resource", "cloud resources"),
        )
        if asset_counts.get(kind, 0)
    ][:1]
    if devices:
        endpoints = " on " + counted(devices, "endpoint", "endpoints")
        return endpoints + (f" and {others[0]}" if others else "")
    return f" {verb} {others[0]}" if others else ""


def counted(number: int, one: str, many: str) -> str:
    return f"one {one}" if number == 1 else f"{number:,} {many}"
