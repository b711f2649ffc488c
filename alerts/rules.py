"""Pure decisions about alerts."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.choices import Tactic

TACTICS = {tactic.slug: str(tactic.label) for tactic in Tactic}


def in_order_of_attack(categories: Sequence[str]) -> list[str]:
    """Labels of categories along the kill chain, those the field does not know last."""
    known = [label for slug, label in TACTICS.items() if slug in categories]
    unknown = sorted(set(categories) - TACTICS.keys())
    return known + [slug.replace("_", " ").capitalize() for slug in unknown]
