"""The rules by which alerts join: what each goes by and how far it reaches, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from alerts.choices import Severity
from common.wildcards import Wildcards
from entities.choices import EntityKind

SAME_SOURCE_INCIDENT = "same_source_incident"
OPENED = "opened"
HIDDEN = "hidden"
"""In place of a rule: it opened its incident; a tuning rule keeps it out of sight."""

LABELS = {EntityKind.IP: "attacking address", EntityKind.URL: "URL", EntityKind.APPLICATION: "app"}
"""What a kind is called within a sentence, where that is not simply its name."""
SHORTEST_WINDOW, LONGEST_WINDOW = timedelta(minutes=1), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class JoinRule:
    """Alerts that share an entity of this kind within the window tell of one attack.

    Without a kind, it is the rule that follows the sender's own grouping; it has no window and is tried first.
    """

    slug: str
    kind: EntityKind | None
    window: timedelta
    is_on: bool = True
    minimum_severity: Severity = Severity.INFORMATIONAL
    """Alerts below it neither join by the rule nor are joined."""
    excluded_sources: tuple[str, ...] = ()
    excluded_detectors: tuple[str, ...] = ()
    excluded_entities: tuple[str, ...] = ()
    """Patterns with `*`: alerts and entities that the rule leaves aside."""

    @property
    def label(self) -> str:
        return label_of(self.kind)

    @property
    def title(self) -> str:
        """The rule by name."""
        return f"Same {self.label}"

    def as_values(self) -> dict[str, Any]:
        """As log and trials keep it: plain words and numbers."""
        return {
            "is_on": self.is_on,
            "window_minutes": round(self.window.total_seconds() / 60),
            "minimum_severity": self.minimum_severity.slug,
            "excluded_sources": list(self.excluded_sources),
            "excluded_detectors": list(self.excluded_detectors),
            "excluded_entities": list(self.excluded_entities),
        }

    def with_values(self, values: Mapping[str, Any]) -> JoinRule:
        """The same rule with what `as_values` gave."""
        return JoinRule(
            self.slug,
            self.kind,
            timedelta(minutes=values["window_minutes"]),
            values["is_on"],
            Severity.from_slug(values["minimum_severity"]),
            tuple(values["excluded_sources"]),
            tuple(values["excluded_detectors"]),
            tuple(values["excluded_entities"]),
        )

    @property
    def is_conditional(self) -> bool:
        """Whether it leaves some alerts aside, so that stored ones have to be asked about."""
        return bool(self.minimum_severity > Severity.INFORMATIONAL or self.excluded_sources or self.excluded_detectors)


def label_of(kind: EntityKind | None) -> str:
    """What alerts share, within a sentence."""
    if kind is None:
        return "incident of their source"
    return LABELS.get(kind) or str(kind.label).lower()


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """A rule that is on, its patterns ready and its rank known."""

    rule: JoinRule
    rank: int
    sources: Wildcards
    detectors: Wildcards
    entities: Wildcards
    is_conditional: bool
    """As `rule.is_conditional`, found out once: each alert asks it of each of its entities."""

    def admits(self, source: str, detector: str, severity: int) -> bool:
        """Whether alerts of this kind may join by the rule and be joined."""
        return (
            severity >= self.rule.minimum_severity and not self.sources.fit(source) and not self.detectors.fit(detector)
        )


@dataclass(frozen=True, slots=True)
class JoinRules:
    """All rules, the strongest first."""

    rules: tuple[JoinRule, ...]
    grouping: ActiveRule | None
    of_kind: dict[EntityKind, ActiveRule]

    @classmethod
    def of(cls, rules: Iterable[JoinRule]) -> Self:
        ordered = tuple(rules)
        active = [
            ActiveRule(
                rule,
                rank,
                Wildcards.of(rule.excluded_sources),
                Wildcards.of(rule.excluded_detectors),
                Wildcards.of(rule.excluded_entities),
                rule.is_conditional,
            )
            for rank, rule in enumerate(ordered)
            if rule.is_on
        ]
        grouping = next((each for each in active if each.rule.kind is None), None)
        return cls(ordered, grouping, {each.rule.kind: each for each in active if each.rule.kind is not None})

    @property
    def slugs(self) -> list[str]:
        return [rule.slug for rule in self.rules]

    def with_rule(self, changed: JoinRule, position: int | None = None) -> JoinRules:
        """The same with one rule as given, at the given place."""
        rest = [rule for rule in self.rules if rule.slug != changed.slug]
        at = self.position_of(changed.slug) if position is None else position
        return JoinRules.of([*rest[:at], changed, *rest[at:]])

    def position_of(self, slug: str) -> int:
        return next(place for place, rule in enumerate(self.rules) if rule.slug == slug)

    def __getitem__(self, slug: str) -> JoinRule:
        return self.rules[self.position_of(slug)]


def _shipped() -> Iterable[JoinRule]:
    day, week = timedelta(hours=24), timedelta(days=7)
    yield JoinRule(SAME_SOURCE_INCIDENT, None, timedelta(0))
    for slug, kind, window in (
        ("same_mail_message", EntityKind.MAIL_MESSAGE, week),
        ("same_file", EntityKind.FILE, week),
        ("same_device", EntityKind.DEVICE, day),
        ("same_user", EntityKind.USER, day),
        ("same_mailbox", EntityKind.MAILBOX, day),
        ("same_cloud_resource", EntityKind.CLOUD_RESOURCE, day),
        ("same_application", EntityKind.APPLICATION, day),
        ("same_url", EntityKind.URL, day),
        ("same_attacking_address", EntityKind.IP, timedelta(hours=4)),
    ):
        yield JoinRule(slug, kind, window)
    used_by_many = (EntityKind.MAIL_CLUSTER, EntityKind.PROCESS, EntityKind.CONTAINER, EntityKind.REGISTRY_VALUE)
    for kind in (*used_by_many, EntityKind.REGISTRY_KEY, EntityKind.SECURITY_GROUP, EntityKind.MALWARE):
        yield JoinRule(f"same_{kind}", kind, day, is_on=False)
    yield JoinRule("same_domain", EntityKind.DOMAIN, day, is_on=False)


SHIPPED = JoinRules.of(_shipped())
"""The table that every installation starts with. The kinds at its end tie too much together to be on everywhere."""


def as_shipped(slug: str) -> tuple[JoinRule, int]:
    """A rule as it was shipped, and its place."""
    return SHIPPED[slug], SHIPPED.position_of(slug)
