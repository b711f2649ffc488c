"""Sending again, and sending to try it out."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Principal
from activity.actors import Actor
from activity.record import Draft, Subject, record
from common.command import command
from common.errors import Refused
from webhooks import verbs
from webhooks.choices import DeliveryState
from webhooks.models import Delivery, Receiver, Subscription

MOST_AT_ONCE = 10_000
OVER = (DeliveryState.DELIVERED, DeliveryState.GIVEN_UP, DeliveryState.WITHHELD)


@command
def send_test(subscription: Subscription, *, actor: Actor) -> Delivery:
    """Send a message that tells of nothing, whether or not the webhook's receiver is resting. Raises Refused for one
    that is off."""
    subscription = _on(subscription)
    Receiver.objects.filter(pk=subscription.pk).update(rests_until=None)
    delivery = Delivery.objects.create(subscription=subscription)
    record(Draft(verbs.TESTED, actor, subject=_subject(subscription), facts={"message": delivery.message_id}))
    return delivery


@command
def replay(delivery: Delivery, *, actor: Actor) -> Delivery:
    """Send one message again, under the same id, made by the rights and the address of now. Nothing happens to one that
    waits anyhow. Raises Refused where the webhook is off."""
    subscription = _on(delivery.subscription)
    rows = Delivery.objects.filter(pk=delivery.pk, state__in=OVER)
    if _again(rows):
        _record(subscription, 1, [delivery.message_id], actor)
    return Delivery.objects.get(pk=delivery.pk)


@command
def replay_failed(subscription: Subscription, *, principal: Principal, actor: Actor) -> int:
    """Send all again that were given up and that this person or token may know of, the oldest first; how many. Raises
    Refused where the webhook is off."""
    subscription = _on(subscription)
    failed = Delivery.objects.visible_to(principal).filter(subscription=subscription, state=DeliveryState.GIVEN_UP)
    numbers = list(failed.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    number = _again(Delivery.objects.filter(pk__in=numbers, state=DeliveryState.GIVEN_UP))
    if number:
        _record(subscription, number, [], actor)
    return number


def _on(subscription: Subscription) -> Subscription:
    found = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    if found.deleted_at is not None:
        raise Refused(f"{found.changed_by} has deleted this webhook.")
    if not found.is_on:
        raise Refused("This webhook is off; switch it on first.")
    return found


def _again(rows: QuerySet[Delivery]) -> int:
    now = timezone.now()
    return rows.update(state=DeliveryState.WAITING, tries=0, begun_at=now, due_at=now, ended_at=None, problem="")


def _record(subscription: Subscription, number: int, messages: Sequence[str], actor: Actor) -> None:
    Receiver.objects.filter(pk=subscription.pk).update(rests_until=None)
    facts = {"counted": f"{number:,} message{'s' if number > 1 else ''}", "messages": list(messages)}
    record(Draft(verbs.REPLAYED, actor, subject=_subject(subscription), facts=facts))


def _subject(subscription: Subscription) -> Subject:
    return Subject("webhook", str(subscription.pk), subscription.name)
