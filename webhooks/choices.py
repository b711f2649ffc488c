"""Terms of webhooks."""

from __future__ import annotations

from activity.verbs import GROUPS, Group
from common.terms import NamedTerms


class DeliveryState(NamedTerms):
    """What has become of a message."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"
    WITHHELD = "withheld", "Withheld"


DELIVERY_HELP = {
    DeliveryState.WAITING: "Not taken yet; it is tried again",
    DeliveryState.DELIVERED: "The receiver has it",
    DeliveryState.GIVEN_UP: "Not taken for a day; it is sent again only if somebody asks",
    DeliveryState.WITHHELD: "Nothing was sent: the webhook may not see the incident any more",
}


def event_groups() -> list[Group]:
    """What a webhook can be told of: the groups of verbs that incidents have."""
    used = set(GROUPS.values())
    return [group for group in Group if group in used]
