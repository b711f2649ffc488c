"""Webhooks as tests want them."""

from __future__ import annotations

from typing import Any

from accounts.models import Principal
from webhooks.choices import event_groups
from webhooks.commands import create_subscription
from webhooks.delivering import deliver_due
from webhooks.models import Delivery, Subscription
from webhooks.values import SubscriptionValues

EVERYTHING = tuple(str(group) for group in event_groups())


def values(address: str = "https://hooks.example/soc", **said: Any) -> SubscriptionValues:
    """A webhook that is told of everything; a test names what it is about."""
    return SubscriptionValues(**{"name": "SOAR", "address": address, "groups": EVERYTHING, **said})


def subscribed(reader: Principal, address: str = "https://hooks.example/soc", **said: Any) -> Subscription:
    return create_subscription(values(address, **said), reader=reader, actor=reader.as_actor())


def written(subscription: Subscription) -> list[str]:
    """Verbs of the messages that were written for it, in their order."""
    rows = Delivery.objects.filter(subscription=subscription).order_by("pk")
    return [each.entry.verb if each.entry else "" for each in rows.select_related("entry")]


def send() -> None:
    """What a worker does with one message: until nothing is due any more."""
    deliver_due(0.0)
    deliver_due(5.0)
