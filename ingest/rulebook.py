"""The rules in force, remembered by each process until their revision changes; ingest asks for the revision along with
what it asks anyhow, so that rules cost it nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from ingest.correlation.join_rules import SHIPPED, JoinRules
from ingest.models import CorrelationRule, RuleBook, TuningRule
from ingest.tuning import Tuning, in_order


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for alerts that come in."""

    revision: UUID | None
    join_rules: JoinRules
    tunings: tuple[Tuning, ...]


_remembered: Rules | None = None


def rules(revision: UUID | None) -> Rules:
    """The rules of this revision, or newer ones."""
    global _remembered
    if _remembered is None or _remembered.revision != revision:
        # The revision is older than what is read now or of the same age: a change in between is read again next time.
        tunings = [rule.as_tuning() for rule in TuningRule.objects.in_force(timezone.now()).order_by("pk")]
        _remembered = Rules(revision, join_rules(), in_order(tunings))
    return _remembered


def join_rules() -> JoinRules:
    """The correlation rules as they stand, the strongest first; one that nobody has ever changed is as shipped."""
    changed = {row.slug: row.as_rule() for row in CorrelationRule.objects.all()}
    order = RuleBook.objects.values_list("order", flat=True).first() or []
    places = {slug: place for place, slug in enumerate(order)}
    known = [changed.get(rule.slug, rule) for rule in SHIPPED.rules]
    last = len(places)
    return JoinRules.of(sorted(known, key=lambda rule: places.get(rule.slug, last)))
