"""Tuning rules are made, changed and ended. Recorded in the system's stream; what they caught stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.choices import Permission
from activity.actors import Actor
from activity.record import Draft, Subject, record
from activity.verbs import Verb
from alerts.choices import DETERMINATIONS, Classification, Determination
from common.command import command
from common.errors import Refused
from common.wildcards import checked_patterns
from ingest import verbs
from ingest.choices import TuningAction
from ingest.commands.book import check_base, differences, locked_book, renew
from ingest.models import TuningRule
from ingest.tuning import ANY_KIND, FIELDS, kinds, no_conditions
from ingest.tuning_values import LONGEST_NAME, LONGEST_REASON, TuningValues

MOST_RULES = 500
"""Kept at once: each alert that comes in is asked by every rule in force."""
MOST_TAGS = 10
LONGEST_TAG = 100


@command
def create_tuning_rule(values: TuningValues, *, actor: Actor) -> TuningRule:
    """Let alerts of a kind be hidden, resolved or marked from now on. Raises Refused for values that make no sense."""
    values = checked(values)
    book = locked_book()
    if TuningRule.objects.kept().count() >= MOST_RULES:
        raise Refused(f"There are {MOST_RULES} tuning rules already; delete those that have expired.")
    rule = TuningRule(changed_by=actor.label[:200])
    _fill(rule, values)
    rule.save()
    renew(book)
    _record(verbs.TUNING_CREATED, actor, rule, {}, told(rule))
    return rule


@command
def change_tuning_rule(rule: TuningRule, values: TuningValues, *, based_on: int, actor: Actor) -> TuningRule:
    """Change a rule, or switch it off and on. Raises Refused as above and for one that was deleted meanwhile, Conflict
    when somebody else changed it since."""
    values = checked(values, is_new=False)
    book = locked_book()
    rule = _kept(rule)
    theirs = told(rule)
    _fill(rule, values)
    mine = told(rule)
    if mine == theirs:
        return rule
    if values.expires_at is not None and mine["expires_at"] != theirs["expires_at"]:
        _check_expiry(values.expires_at)
    check_base(rule.version, based_on, theirs, mine, rule.changed_by)
    rule.version += 1
    rule.updated_at, rule.changed_by = timezone.now(), actor.label[:200]
    rule.save()
    renew(book)
    _record(verbs.TUNING_CHANGED, actor, rule, theirs, mine)
    return rule


@command
def delete_tuning_rule(rule: TuningRule, *, actor: Actor) -> None:
    """End a rule for good. The alerts it caught go on naming it."""
    book = locked_book()
    rule = _kept(rule)
    old = told(rule)
    rule.deleted_at = timezone.now()
    rule.version += 1
    rule.changed_by = actor.label[:200]
    rule.save()
    renew(book)
    _record(verbs.TUNING_DELETED, actor, rule, old, dict.fromkeys(old))


def checked(values: TuningValues, *, is_new: bool = True) -> TuningValues:
    """The values as they are kept. Raises Refused where they make no sense."""
    name, reason = " ".join(values.name.split()), values.reason.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"Give the rule a name of at most {LONGEST_NAME} characters.", field="name")
    if not reason:
        raise Refused("Say why these alerts are to be tuned; who finds one missing will ask.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(
            f"The reason has at most {LONGEST_REASON:,} characters; this has {len(reason):,}.", field="reason"
        )
    if "\x00" in name + reason:
        raise Refused(
            "Name and reason cannot hold a NUL character; remove it.", field="name" if "\x00" in name else "reason"
        )
    if not values.owner.is_active or not values.owner.may(Permission.SEE_INCIDENTS):
        raise Refused("Choose an owner who may see incidents.", field="owner")
    conditions = checked_conditions(values.conditions)
    if values.determination not in (Determination.NOT_SET, *DETERMINATIONS[values.classification]):
        raise Refused("This determination does not belong to this classification.", field="classification")
    tags = checked_patterns(values.tags, "tags")
    if len(tags) > MOST_TAGS or any(len(tag) > LONGEST_TAG for tag in tags):
        raise Refused(f"Give at most {MOST_TAGS} tags of at most {LONGEST_TAG} characters.", field="tags")
    if values.action == TuningAction.MARK and not tags and values.classification == Classification.NOT_SET:
        raise Refused("Say what the alerts are to be marked with: tags, a classification or both.", field="tags")
    if is_new and values.expires_at is not None:
        _check_expiry(values.expires_at)
    return replace(values, name=name, reason=reason, conditions=conditions, tags=tags)


def checked_conditions(conditions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Conditions as they are kept: only fields that say something, an entity's patterns with a kind before them."""
    if no_conditions(conditions):
        raise Refused("Give at least one condition; without any, every alert would be caught.", field="title")
    kept = {name: list(checked_patterns(conditions.get(name, ()), name)) for name in FIELDS}
    for text in kept["entity"]:
        kind, colon, pattern = text.partition(":")
        if not colon or kind not in kinds() or not pattern.strip():
            raise Refused(
                f"“{text[:60]}” names no kind of entity; write it as kind:name, such as device:lab-*. "
                f"Kinds: {', '.join(kinds())}; {ANY_KIND} stands for all.",
                field="entity",
            )
        if not pattern.strip("* "):
            raise Refused(f"“{text[:60]}” would fit every {kind}; name some of them.", field="entity")
    if no_conditions(kept):
        raise Refused("Give at least one condition; without any, every alert would be caught.", field="title")
    return {name: words for name, words in kept.items() if words}


def told(rule: TuningRule) -> dict[str, Any]:
    """The rule as the log keeps it."""
    return {
        "name": rule.name,
        "action": rule.action,
        "conditions": [f"{name}: {word}" for name in FIELDS for word in rule.conditions.get(name, ())],
        "tags": list(rule.tags),
        "classification": rule.classification,
        "determination": rule.determination,
        "reason": rule.reason,
        "owner": {"id": rule.owner_id, "label": rule.owner.display_name},
        "expires_at": rule.expires_at.isoformat() if rule.expires_at else None,
        "is_on": rule.is_on,
    }


def _check_expiry(expires_at: datetime) -> None:
    if expires_at <= timezone.now():
        raise Refused("The rule would have expired already; choose a later day, or “never”.", field="expires_on")


def _kept(rule: TuningRule) -> TuningRule:
    found = TuningRule.objects.select_for_update(of=("self",)).select_related("owner").get(pk=rule.pk)
    if found.deleted_at is not None:
        raise Refused(f"{found.changed_by} has deleted this rule; make a new one.")
    return found


def _fill(rule: TuningRule, values: TuningValues) -> None:
    rule.name, rule.action, rule.conditions = values.name, values.action, dict(values.conditions)
    rule.reason, rule.owner, rule.expires_at, rule.is_on = values.reason, values.owner, values.expires_at, values.is_on
    rule.tags, rule.classification, rule.determination = list(values.tags), values.classification, values.determination


def _record(verb: Verb, actor: Actor, rule: TuningRule, old: dict[str, Any], new: dict[str, Any]) -> None:
    subject = Subject("tuning_rule", str(rule.pk), rule.name)
    record(Draft(verb, actor, subject=subject, changes=differences(old, new)))
