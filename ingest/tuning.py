"""Tuning, the decision itself: which rule catches an alert. No regular expressions, and time in proportion to the
text; what is asked of an alert is known of stored ones alike, so that a rule can be tried on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from alerts.choices import Classification, Determination, Severity
from common.wildcards import Wildcards
from entities.choices import EntityKind
from ingest.choices import TuningAction
from ingest.parsed import ParsedAlert

TEXT_FIELDS = ("source", "detector", "title", "category", "technique")
FIELDS = (*TEXT_FIELDS, "severity", "entity")
"""What a condition can be about. All of a rule's fields must fit; of a field, any of its patterns."""
ANY_KIND = "any"
"""In place of an entity's kind."""
WEIGHT = {TuningAction.HIDE: 0, TuningAction.RESOLVE: 1, TuningAction.MARK: 2}


class Facts(NamedTuple):
    """What of an alert can be asked about."""

    source: Sequence[str]
    """Its source and the product's name in plain words: people write either."""
    detector: Sequence[str]
    title: Sequence[str]
    category: Sequence[str]
    technique: Sequence[str]
    severity: int
    entities: Sequence[tuple[str, str]]
    """Kind, and a name by which it is known: that on screen and its normalised key."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule fits, ready to be asked."""

    texts: tuple[tuple[str, Wildcards], ...]
    severities: frozenset[int]
    entities: tuple[tuple[str, Wildcards], ...]
    """Kind (or any) → patterns."""

    @classmethod
    def from_values(cls, values: Mapping[str, Sequence[str]]) -> Self:
        """From what a rule's row holds: field → words, an entity's as "kind:pattern"."""
        by_kind: dict[str, list[str]] = {}
        for word in values.get("entity", ()):
            kind, _, pattern = word.partition(":")
            by_kind.setdefault(kind, []).append(pattern)
        return cls(
            tuple((name, Wildcards.of(values[name])) for name in TEXT_FIELDS if values.get(name)),
            frozenset(Severity.from_slug(word) for word in values.get("severity", ())),
            tuple((kind, Wildcards.of(patterns)) for kind, patterns in by_kind.items()),
        )

    def fit(self, facts: Facts) -> bool:
        if self.severities and facts.severity not in self.severities:
            return False
        for name, wildcards in self.texts:
            if not any(wildcards.fit(text) for text in getattr(facts, name)):
                return False
        return not self.entities or any(
            wildcards.fit(name)
            for wanted, wildcards in self.entities
            for kind, name in facts.entities
            if wanted in (kind, ANY_KIND)
        )


@dataclass(frozen=True, slots=True)
class Tuning:
    """A tuning rule as it is used."""

    number: int | None
    """None while it is only tried."""
    name: str
    action: TuningAction
    conditions: Conditions
    tags: tuple[str, ...] = ()
    classification: Classification = Classification.NOT_SET
    determination: Determination = Determination.NOT_SET
    expires_at: datetime | None = None

    @property
    def in_words(self) -> str:
        """What it did, for the reason that stands at the alert."""
        done = {TuningAction.HIDE: "hidden", TuningAction.RESOLVE: "resolved", TuningAction.MARK: "marked"}
        return f"Caught by the tuning rule “{self.name}” and {done[self.action]}."


def in_order(rules: Iterable[Tuning]) -> tuple[Tuning, ...]:
    """Hiding before resolving before marking, the older rule first: the first that fits has the alert."""
    return tuple(sorted(rules, key=lambda rule: (WEIGHT[rule.action], rule.number or 0)))


def catching(facts: Facts, rules: Sequence[Tuning], now: datetime) -> Tuning | None:
    """The rule that catches an alert, of rules in their order. One that has expired catches nothing."""
    for rule in rules:
        if (rule.expires_at is None or rule.expires_at > now) and rule.conditions.fit(facts):
            return rule
    return None


def facts_of(alert: ParsedAlert) -> Facts:
    """What can be asked of an alert that has just come in."""
    entities = [evidence.entity for evidence in alert.evidence]
    return Facts(
        (alert.source, alert.service_source),
        (alert.detector_id,),
        (alert.title,),
        alert.categories,
        alert.techniques,
        alert.severity,
        [name for entity in entities for name in names_of(entity.kind, entity.name, entity.key)],
    )


def names_of(kind: str, name: str, key: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """An entity under each name that people may write; a key without the word that says what it is a key of."""
    return (str(kind), name), (str(kind), key.partition(":")[2] or key)


def kinds() -> list[str]:
    """The words that may stand before an entity's pattern."""
    return [ANY_KIND, *(str(kind) for kind in EntityKind)]


def no_conditions(values: Mapping[str, Any]) -> bool:
    """Whether a rule would catch everything."""
    return not any(values.get(name) for name in FIELDS)
