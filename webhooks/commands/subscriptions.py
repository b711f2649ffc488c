"""Webhooks as administrators set them. Recorded in the system's stream, never with a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Principal, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from common.outgoing.addresses import address_problem
from webhooks import listening, verbs
from webhooks.choices import DeliveryState, event_groups
from webhooks.models import Delivery, Receiver, Subscription
from webhooks.policy import policy
from webhooks.reach import LONGEST_QUERY, check_query, spelled_out
from webhooks.secrets import Unreadable, fingerprint, new_secret, sealed, secrets_of
from webhooks.values import LONGEST_NAME, SubscriptionValues

MOST_SUBSCRIPTIONS = 50
"""Each has its query asked for every change of an incident that it wants to hear of."""
BOTH_VALID = timedelta(days=1)
"""So long messages are signed with the former secret as well."""


@command
def create_subscription(values: SubscriptionValues, *, reader: Principal, actor: Actor) -> Subscription:
    """Have an address told of what happens from now on, as far as the reader may see it. Raises Refused."""
    values = checked(values, reader)
    if Subscription.objects.kept().count() >= MOST_SUBSCRIPTIONS:
        raise Refused(f"There are {MOST_SUBSCRIPTIONS} webhooks already; delete one that nobody needs.")
    subscription = Subscription(secret=sealed(new_secret()), changed_by=actor.label[:200])
    changes = _set(subscription, values, reader, of_new=True)
    subscription.save()
    Receiver.objects.create(subscription=subscription)
    _record(verbs.CREATED, actor, subscription, changes)
    return subscription


@command
def change_subscription(
    subscription: Subscription, values: SubscriptionValues, *, reader: Principal, based_on: int, actor: Actor
) -> Subscription:
    """Set a webhook anew; it then sees what this reader sees. What waits is sent to the new address.

    Raises Conflict when somebody else changed it since the version that this was based on, and to other values;
    Refused for values that cannot be, and for one that was deleted meanwhile.
    """
    values = checked(values, reader)
    subscription = _locked(subscription)
    theirs = SubscriptionValues.of(subscription)
    if theirs == values:
        return subscription
    if subscription.version != based_on:
        raise Conflict(subscription.version, _conflicts(theirs, values, subscription.changed_by))
    before = subscription.address
    changes = _set(subscription, values, reader)
    _save(subscription, actor)
    if subscription.address != before:  # of the new one nothing is known yet
        Receiver.objects.filter(pk=subscription.pk).update(failures=0, failing_since=None, rests_until=None)
    _record(verbs.CHANGED, actor, subscription, changes)
    return subscription


@command
def switch_subscription(subscription: Subscription, *, is_on: bool, actor: Actor) -> Subscription:
    """Switch a webhook on or off; nobody's eyes change. What was not delivered waits, and is given up after a day."""
    subscription = _locked(subscription)
    if subscription.is_on != is_on:
        _switch(subscription, is_on=is_on, because="", actor=actor)
    return subscription


@command
def stop_subscription(subscription: Subscription, reason: str, *, actor: Actor) -> Subscription:
    """Switch a webhook off whose receiver cannot be reached, or wants nothing more; administrators see the reason."""
    subscription = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    if subscription.is_on and subscription.deleted_at is None:
        _switch(subscription, is_on=False, because=reason, actor=actor)
    return subscription


@command
def delete_subscription(subscription: Subscription, *, actor: Actor) -> None:
    """End a webhook for good: nothing more is sent, and its secret is gone."""
    subscription = _locked(subscription)
    before = told(subscription)
    subscription.secret = subscription.former_secret = ""
    subscription.former_until = None
    subscription.is_on, subscription.deleted_at = False, timezone.now()
    _save(subscription, actor)
    Delivery.objects.waiting().filter(subscription=subscription).update(
        state=DeliveryState.GIVEN_UP, ended_at=timezone.now(), problem="The webhook was deleted."
    )
    _record(
        verbs.DELETED, actor, subscription, [Change(name, old, None) for name, old in before.items() if old is not None]
    )


@command
def show_secret(subscription: Subscription, *, actor: Actor) -> list[str]:
    """The secret, and the former one while it is valid; that somebody looked is recorded. Raises Refused where it
    cannot be read any more."""
    subscription = _locked(subscription)
    try:
        found = secrets_of(subscription, timezone.now())
    except Unreadable as problem:
        raise Refused(str(problem)) from None
    _record(verbs.SECRET_SHOWN, actor, subscription, ())
    return found


@command
def rotate_secret(subscription: Subscription, *, actor: Actor) -> Subscription:
    """Give a webhook a new secret. For a day messages are signed with both, so that its receiver can change over."""
    subscription = _locked(subscription)
    before = fingerprint(subscription.secret)
    subscription.former_secret, subscription.former_until = subscription.secret, timezone.now() + BOTH_VALID
    subscription.secret = sealed(new_secret())
    _save(subscription, actor)
    _record(verbs.SECRET_ROTATED, actor, subscription, [Change("secret", before, fingerprint(subscription.secret))])
    return subscription


# --- parts ---------------------------------------------------------------------------------------------------------


def checked(values: SubscriptionValues, reader: Principal) -> SubscriptionValues:
    """The values as they are kept. Raises Refused, naming the field."""
    name, address = " ".join(values.name.split()), values.address.strip()
    if not name:
        raise Refused("Give the webhook a name.", field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name has at most {LONGEST_NAME} characters; this has {len(name)}.", field="name")
    if problem := address_problem(address, policy()):
        raise Refused(problem, field="address")
    known = [str(group) for group in event_groups()]
    for word in values.groups:
        if word not in known:
            raise Refused(f"“{word[:60]}” is nothing to be told of; choose among {', '.join(known)}.", field="groups")
    if not values.groups:
        raise Refused("Choose what it shall be told of.", field="groups")
    query = spelled_out(values.query)
    if len(query) > LONGEST_QUERY:
        raise Refused("This list has too many filters; take some away.", field="query")
    check_query(query, reader)
    groups = tuple(word for word in known if word in values.groups)
    return replace(values, name=name, address=address, groups=groups, query=query)


def _locked(subscription: Subscription) -> Subscription:
    found = Subscription.objects.select_for_update(of=("self",)).with_reader().get(pk=subscription.pk)
    if found.deleted_at is not None:
        raise Refused(f"{found.changed_by} has deleted this webhook; make a new one.")
    return found


def _set(
    subscription: Subscription, values: SubscriptionValues, reader: Principal, *, of_new: bool = False
) -> list[Change]:
    old = dict.fromkeys(told(subscription)) if of_new else told(subscription)
    subscription.name, subscription.address, subscription.query = values.name, values.address, values.query
    subscription.groups, subscription.with_texts = list(values.groups), values.with_texts
    subscription.with_restricted, subscription.is_on = values.with_restricted, values.is_on
    if values.is_on:
        subscription.stopped_because = ""
    subscription.user, subscription.token = (reader, None) if isinstance(reader, User) else (None, reader)
    return [Change(name, old[name], new) for name, new in told(subscription).items() if old[name] != new]


def told(subscription: Subscription) -> dict[str, Any]:
    """The webhook as the log keeps it."""
    has_reader = subscription.user_id or subscription.token_id
    return {
        "name": subscription.name,
        "address": subscription.address,
        "groups": list(subscription.groups or ()),
        "query": subscription.query,
        "with_texts": subscription.with_texts,
        "with_restricted": subscription.with_restricted,
        "is_on": subscription.is_on,
        "reader": str(subscription.reader) if has_reader else None,
        "secret": fingerprint(subscription.secret) or None,
    }


def _switch(subscription: Subscription, *, is_on: bool, because: str, actor: Actor) -> None:
    subscription.is_on, subscription.stopped_because = is_on, because[:600]
    _save(subscription, actor)
    if is_on:  # whatever was wrong: it is tried at once
        Receiver.objects.filter(pk=subscription.pk).update(failures=0, failing_since=None, rests_until=None)
    facts = {"because": f": {because}" if because else ""}
    verb = verbs.SWITCHED_ON if is_on else verbs.SWITCHED_OFF
    _record(verb, actor, subscription, [Change("is_on", not is_on, is_on)], facts)


def _save(subscription: Subscription, actor: Actor) -> None:
    subscription.version += 1
    subscription.updated_at, subscription.changed_by = timezone.now(), actor.label[:200]
    subscription.save()


def _conflicts(theirs: SubscriptionValues, mine: SubscriptionValues, by: str) -> list[FieldConflict]:
    names = ("name", "address", "groups", "query", "with_texts", "with_restricted", "is_on")
    pairs = {name: (getattr(theirs, name), getattr(mine, name)) for name in names}
    return [FieldConflict(name, their, own, by) for name, (their, own) in pairs.items() if their != own]


def _record(
    verb: Verb,
    actor: Actor,
    subscription: Subscription,
    changes: Sequence[Change],
    facts: dict[str, Any] | None = None,
) -> None:
    subject = Subject("webhook", str(subscription.pk), subscription.name)
    record(Draft(verb, actor, subject=subject, changes=changes, facts=facts or {}))
    listening.forget()
    transaction.on_commit(listening.forget)  # what was asked meanwhile was asked before it was there
