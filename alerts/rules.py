"""Pure decisions about alerts."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.choices import Tactic


def in_order_of_attack(categories: Sequence[str]) -> list[str]:
    """Labels of categories along the kill chain, those the field does not know last."""
    known = [tactic.label for tactic in Tactic if tactic in categories]
    unknown = sorted(set(categories) - set(Tactic.slugs()))
    return [str(label) for label in known] + [slug.replace("_", " ").capitalize() for slug in unknown]
