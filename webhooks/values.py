"""What people set of a webhook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webhooks.models import Subscription

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class SubscriptionValues:
    """A webhook as forms and the API say it."""

    name: str
    address: str
    groups: Sequence[str]
    """Words of activity/verbs.py:Group."""
    query: str = ""
    with_texts: bool = False
    with_restricted: bool = False
    is_on: bool = True

    @classmethod
    def of(cls, subscription: Subscription) -> SubscriptionValues:
        """A stored one."""
        return cls(
            subscription.name,
            subscription.address,
            tuple(subscription.groups),
            subscription.query,
            subscription.with_texts,
            subscription.with_restricted,
            subscription.is_on,
        )
