"""Whose turn it is to be sent, and what has come of it. None of it is an entry: a message only tells of one.

A worker claims a receiver for the time of a lease, so one message goes to each at a time, in order. What it sends
between claiming and noting may be sent again when it dies: receivers know a message by its id.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from activity.actors import SYSTEM
from common.jobs import LEASE
from common.outgoing.exchange import Outcome
from webhooks import rules
from webhooks.choices import DeliveryState
from webhooks.commands.subscriptions import stop_subscription
from webhooks.models import Delivery, Receiver, Try

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""How long messages that are over are listed."""
MOST_AT_ONCE = 5_000
"""Messages that are forgotten, or given up, in one statement."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send for the time of a lease."""

    delivery: Delivery
    turn: int


def claim(most: int) -> list[Claimed]:
    """Messages that are due, at most one for each receiver that nobody else is sending to and that is not resting;
    whose receiver waits longest comes first."""
    now = timezone.now()
    with transaction.atomic():
        free = _free(now).select_for_update(of=("self",), skip_locked=True)
        found = {receiver.pk: receiver for receiver in free.order_by(F("served_at").asc(nulls_first=True), "pk")[:most]}
        for receiver in found.values():
            receiver.leased_until, receiver.served_at, receiver.turn = now + LEASE, now, receiver.turn + 1
            receiver.save(update_fields=["leased_until", "served_at", "turn"])
        numbers = [receiver.next for receiver in found.values()]  # type: ignore[attr-defined]
        rows = Delivery.objects.filter(pk__in=numbers).select_related(
            "subscription__user__role", "subscription__token__role"
        )
        return [Claimed(row, found[row.subscription_id].turn) for row in rows.order_by("pk")]


def is_anything_due(now: datetime) -> bool:
    """Whether a message waits that nobody has in hand."""
    return _free(now).exists()


def _free(now: datetime) -> QuerySet[Receiver]:
    """Receivers that have a message due and may be sent to now, each with the number of that message."""
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING)
    before = waiting.filter(
        subscription=OuterRef("subscription"),
        incident=OuterRef("incident"),
        pk__lt=OuterRef("pk"),
        tries__lt=rules.HOLDS_BACK,
    )
    due = waiting.filter(subscription=OuterRef("pk"), due_at__lte=now).order_by("pk").values("pk")
    tests, events = due.filter(incident__isnull=True)[:1], due.filter(~Exists(before), incident__isnull=False)[:1]
    return (
        Receiver.objects.filter(subscription__is_on=True, subscription__deleted_at__isnull=True)
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        .filter(Q(rests_until__isnull=True) | Q(rests_until__lte=now))
        .annotate(next=Coalesce(Subquery(tests), Subquery(events)))  # who tries it out does not wait for what waits
        .filter(next__isnull=False)
    )


def note(claimed: Claimed, began_at: datetime, outcome: Outcome) -> None:
    """Keep what came of a try: it is delivered, or when it is tried again, or that it is given up.

    Where another worker has taken over meanwhile, only that the receiver has it counts.
    """
    now = timezone.now()
    with transaction.atomic():
        receiver = Receiver.objects.select_for_update(of=("self",)).get(pk=claimed.delivery.subscription_id)
        delivery = Delivery.objects.select_for_update(of=("self",)).get(pk=claimed.delivery.pk)
        is_ours = receiver.turn == claimed.turn
        Try.objects.create(
            delivery=delivery,
            began_at=began_at,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            problem=outcome.problem[:600],
            answer=outcome.answer,
            reached=outcome.reached,
        )
        if outcome.was_taken:
            _taken(delivery, receiver, now, is_ours=is_ours)
        elif is_ours:
            _failed(delivery, receiver, outcome, now)
    if is_ours and not outcome.was_taken:
        _stop_if_hopeless(receiver, outcome, now)


def _taken(delivery: Delivery, receiver: Receiver, now: datetime, *, is_ours: bool) -> None:
    if delivery.state == DeliveryState.WAITING:
        delivery.tries += 1
        delivery.end(DeliveryState.DELIVERED, now)
        delivery.save(update_fields=["state", "ended_at", "problem", "tries"])
    if not is_ours:
        return
    if receiver.failures:  # it is back: what has waited for it goes now, in order
        Delivery.objects.waiting().filter(subscription=receiver.pk, due_at__gt=now).update(due_at=now)
    receiver.leased_until = receiver.failing_since = receiver.rests_until = None
    receiver.failures = 0
    receiver.save()


def _failed(delivery: Delivery, receiver: Receiver, outcome: Outcome, now: datetime) -> None:
    delivery.tries += 1
    delivery.problem = outcome.problem[:600]
    if now - delivery.begun_at >= rules.GIVE_UP_AFTER:
        delivery.end(DeliveryState.GIVEN_UP, now, outcome.problem)
    else:
        delivery.due_at = now + rules.pause(delivery.tries, random.random)
    delivery.save(update_fields=["state", "ended_at", "problem", "tries", "due_at"])
    receiver.failures += 1
    receiver.failing_since = receiver.failing_since or now
    rest = rules.rest(receiver.failures, outcome.retry_after, random.random)
    receiver.leased_until, receiver.rests_until = None, now + rest if rest else None
    receiver.save()


def _stop_if_hopeless(receiver: Receiver, outcome: Outcome, now: datetime) -> None:
    if outcome.status == rules.GONE:
        reason = "its receiver answered 410, by which it asks for nothing more"
    elif receiver.failing_since and now - receiver.failing_since >= rules.SWITCHED_OFF_AFTER:
        days = (now - receiver.failing_since).days
        reason = f"nothing could be delivered for {days} days; the last time: {outcome.problem}"
    else:
        return
    logger.error("The webhook %s is switched off: %s", receiver.pk, reason)
    stop_subscription(receiver.subscription, reason, actor=SYSTEM)


def withhold(claimed: Claimed, reason: str) -> None:
    """Send nothing, for good, and say why."""
    with transaction.atomic():
        receiver = Receiver.objects.select_for_update(of=("self",)).get(pk=claimed.delivery.subscription_id)
        delivery = Delivery.objects.select_for_update(of=("self",)).get(pk=claimed.delivery.pk)
        if receiver.turn != claimed.turn or delivery.state != DeliveryState.WAITING:
            return
        delivery.end(DeliveryState.WITHHELD, timezone.now(), reason)
        delivery.save(update_fields=["state", "ended_at", "problem"])
        receiver.leased_until = None
        receiver.save(update_fields=["leased_until"])


def let_go(claimed: Claimed) -> None:
    """Send nothing now; it goes on waiting."""
    Receiver.objects.filter(pk=claimed.delivery.subscription_id, turn=claimed.turn).update(leased_until=None)


def give_up_old(now: datetime) -> None:
    """Give up what has waited for a day without its turn: its webhook was off, or its receiver was resting."""
    old = Delivery.objects.waiting().filter(begun_at__lt=now - rules.GIVE_UP_AFTER - timedelta(hours=1))
    numbers = list(old.order_by("begun_at").values_list("pk", flat=True)[:MOST_AT_ONCE])
    _end_unless_taken(numbers, now)


def _end_unless_taken(numbers: Sequence[int], now: datetime) -> None:
    waiting = Delivery.objects.waiting().filter(pk__in=numbers)
    silent = "It could not be delivered within a day: its webhook was off, or its receiver could not be reached."
    waiting.filter(problem="").update(state=DeliveryState.GIVEN_UP, ended_at=now, problem=silent)
    waiting.update(state=DeliveryState.GIVEN_UP, ended_at=now)


def forget_old(now: datetime) -> None:
    """Forget messages that were over long ago, with their tries."""
    over = Delivery.objects.filter(ended_at__lt=now - KEPT).order_by("ended_at")
    Delivery.objects.filter(pk__in=list(over.values_list("pk", flat=True)[:MOST_AT_ONCE])).delete()
