"""Changing the rules by which alerts join. Recorded in the system's stream, with old and new values."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from activity.actors import Actor
from activity.record import Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused
from common.wildcards import checked_patterns
from ingest import verbs
from ingest.commands.book import check_base, differences, locked_book, renew
from ingest.correlation.join_rules import LONGEST_WINDOW, SHIPPED, SHORTEST_WINDOW, JoinRule
from ingest.models import CorrelationRule, RuleBook
from ingest.rulebook import join_rules


@command
def change_correlation_rule(rule: JoinRule, place: int, *, based_on: int, actor: Actor) -> CorrelationRule:
    """Give a rule these values and this place among the others (0 is the senders' own grouping, which stays first).

    Alerts that are stored stay where they are. Raises Refused for values that make no sense, Conflict when somebody
    else changed the rule since.
    """
    return _set(checked(rule, place), place, verbs.CORRELATION_CHANGED, based_on=based_on, actor=actor)


@command
def reset_correlation_rule(slug: str, *, actor: Actor) -> CorrelationRule:
    """Give a rule the values and the place it was shipped with."""
    return _set(SHIPPED[slug], SHIPPED.position_of(slug), verbs.CORRELATION_RESET, based_on=None, actor=actor)


def checked(rule: JoinRule, place: int) -> JoinRule:
    """The rule as it is kept. Raises Refused for values that make no sense."""
    if rule.kind is not None and not SHORTEST_WINDOW <= rule.window <= LONGEST_WINDOW:
        raise Refused("A window has at least a minute and at most 30 days.", field="window")
    if (place == 0) != (rule.kind is None) or not 0 <= place < len(SHIPPED.rules):
        raise Refused(
            f"Choose a place from 2 to {len(SHIPPED.rules)}; the senders' own grouping is always tried first.",
            field="place",
        )
    return replace(
        rule,
        excluded_sources=checked_patterns(rule.excluded_sources, "excluded_sources"),
        excluded_detectors=checked_patterns(rule.excluded_detectors, "excluded_detectors"),
        excluded_entities=checked_patterns(rule.excluded_entities, "excluded_entities"),
    )


def _set(rule: JoinRule, place: int, verb: Verb, *, based_on: int | None, actor: Actor) -> CorrelationRule:
    book = locked_book()
    before = join_rules()
    old = before[rule.slug]
    row = CorrelationRule.objects.filter(slug=rule.slug).first() or _row_of(old)
    changes = differences(old.as_values(), rule.as_values())
    is_moved = before.position_of(rule.slug) != place
    if not changes and not is_moved:
        return row
    if based_on is not None:
        check_base(row.version, based_on, old.as_values(), rule.as_values(), row.changed_by)
    _fill(row, rule)
    row.version += 1
    row.updated_at = timezone.now()
    row.changed_by = actor.label[:200] if verb is not verbs.CORRELATION_RESET else ""
    row.save()
    if changes:
        record(Draft(verb, actor, subject=Subject("correlation_rule", rule.slug, rule.title), changes=changes))
    if is_moved:
        _reorder(
            book,
            [each.slug for each in before.rules],
            [each.slug for each in before.with_rule(rule, place).rules],
            actor,
        )
    renew(book)
    return row


def _reorder(book: RuleBook, old: list[str], new: list[str], actor: Actor) -> None:
    book.order = new
    subject = Subject("correlation_order", "1", "Correlation rules")
    record(
        Draft(verbs.CORRELATION_ORDERED, actor, subject=subject, changes=differences({"order": old}, {"order": new}))
    )


def _row_of(rule: JoinRule) -> CorrelationRule:
    """A rule that has no row yet, as one that came after the installation."""
    return _fill(CorrelationRule(slug=rule.slug, kind=str(rule.kind or "")), rule)


def _fill(row: CorrelationRule, rule: JoinRule) -> CorrelationRule:
    row.window, row.is_on, row.minimum_severity = rule.window, rule.is_on, rule.minimum_severity
    row.excluded_sources = list(rule.excluded_sources)
    row.excluded_detectors = list(rule.excluded_detectors)
    row.excluded_entities = list(rule.excluded_entities)
    return row
