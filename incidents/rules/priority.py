"""How much an incident presses, from 0 to 100, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.choices import Severity
from entities.choices import Criticality

Factor = tuple[str, int, str | int]
"""What counts towards a priority: which of FACTORS, its points, and what was found."""

TOP_PRIORITY = 100
HIGH_PRIORITY, MEDIUM_PRIORITY = 86, 15
"""The bands' lower ends: above 85 is red, from 15 to 85 orange, below 15 grey."""

SEVERITY_POINTS = {Severity.INFORMATIONAL: 2, Severity.LOW: 12, Severity.MEDIUM: 28, Severity.HIGH: 45}
CRITICALITY_POINTS: dict[str, int] = {
    Criticality.VERY_HIGH: 20,
    Criticality.HIGH: 14,
    Criticality.MEDIUM: 7,
    Criticality.LOW: 3,
}
ATTACK_POINTS = 15
TACTIC_POINTS = (0, 0, 5, 9, 12, 15)
"""By how many tactics are covered; the last goes for more."""
KIND_POINTS = (0, 0, 4, 7, 10)
"""By how many kinds of alerts there are; the last goes for more."""
RARITY_POINTS = ((0, 8), (9, 6), (99, 3))
"""An alert kind that came at most so often in 30 days gives so many points."""
WAITING_POINTS = ((timedelta(hours=24), 8), (timedelta(hours=4), 5), (timedelta(hours=1), 2))
"""Open and without an owner for so long."""

FACTORS = {
    "severity": "{detail} severity",
    "assets": "An asset of {detail} criticality is involved",
    "attack": "Type of attack: {detail}",
    "tactics": "{detail} tactics of the kill chain are covered",
    "kinds": "{detail} kinds of alerts",
    "rarity": "An alert kind {detail} in 30 days",
    "waiting": "Nobody has taken it on for more than {detail}",
}


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """What an incident's alerts, assets and tags add to its priority."""

    criticality: str = ""
    """The highest among its assets: a key of CRITICALITY_POINTS, or nothing."""
    attacks: Sequence[str] = ()
    """Names of its attack type tags."""
    tactics: int = 0
    """Different ATT&CK tactics among its alerts' categories."""
    kinds: int = 1
    """Different titles among its alerts."""
    rarest: int | None = None
    """How often the rarest of these kinds came in the last 30 days, anywhere; None where that is not known."""


def priority_factors(facts: PriorityFacts) -> list[Factor]:
    """The lasting part of a priority; `with_present` adds what depends on the incident's row and the hour.

    A sum, so that each factor's share can be told: severity 2 to 45, asset criticality up to 20, type of attack 15,
    tactics covered up to 15, kinds of alerts up to 10, rarity up to 8, waiting without an owner up to 8; at most 100.
    """
    factors: list[Factor] = []
    factors += asset_factor(facts.criticality)
    factors += attack_factor(facts.attacks)
    factors.append(("tactics", _step(TACTIC_POINTS, facts.tactics), facts.tactics))
    factors.append(("kinds", _step(KIND_POINTS, facts.kinds), facts.kinds))
    if facts.rarest is not None:
        points = next((points for most, points in RARITY_POINTS if facts.rarest <= most), 0)
        factors.append(("rarity", points, facts.rarest))
    return [factor for factor in factors if factor[1]]


def asset_factor(criticality: str) -> list[Factor]:
    """What the most critical of its assets adds; nothing where none is critical."""
    return [("assets", CRITICALITY_POINTS[criticality], criticality.replace("_", " "))] if criticality else []


def attack_factor(attacks: Sequence[str]) -> list[Factor]:
    """What attack type tags of these names add: once, however many there are."""
    return [("attack", ATTACK_POINTS, ", ".join(sorted(attacks)))] if attacks else []


def with_present(
    lasting: Sequence[Sequence[str | int]], *, severity: Severity, waiting_since: datetime | None, now: datetime
) -> list[Factor]:
    """All factors, the heaviest first: the lasting ones, the severity of this moment, and how long nobody has taken
    the incident on (`waiting_since` is None where somebody has, or nothing is left to do)."""
    factors: list[Factor] = [("severity", SEVERITY_POINTS[severity], severity.label)]
    factors += [_factor(one) for one in lasting if one[0] not in ("severity", "waiting")]
    if waiting_since is not None:
        waited = now - waiting_since
        for span, points in WAITING_POINTS:
            if waited >= span:
                hours = int(span.total_seconds() // 3600)
                factors.append(("waiting", points, "an hour" if hours == 1 else f"{hours} hours"))
                break
    return sorted(factors, key=lambda factor: (-factor[1], factor[0]))


def priority_of(factors: Sequence[Factor]) -> int:
    """0 to 100."""
    return min(sum(points for _, points, _ in factors), TOP_PRIORITY)


def factor_in_words(factor: Sequence[str | int]) -> str:
    """Why a factor counts, as the details show it beside its points."""
    name, _, detail = _factor(factor)
    if name == "rarity":
        detail = {0: "not seen", 1: "seen once"}.get(int(detail), f"seen {detail} times")
    return FACTORS[name].format(detail=detail) if name in FACTORS else name


def _factor(factor: Sequence[str | int]) -> Factor:
    name, points, detail = factor
    return str(name), int(points), detail


def _step(points: Sequence[int], number: int) -> int:
    return points[min(number, len(points) - 1)]
