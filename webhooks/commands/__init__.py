"""Every change that concerns webhooks: what administrators set, what is written for receivers, what is sent."""

from webhooks.commands.replaying import replay, replay_failed, send_test
from webhooks.commands.subscriptions import (
    change_subscription,
    create_subscription,
    delete_subscription,
    rotate_secret,
    show_secret,
    stop_subscription,
    switch_subscription,
)

__all__ = [
    "change_subscription",
    "create_subscription",
    "delete_subscription",
    "replay",
    "replay_failed",
    "rotate_secret",
    "send_test",
    "show_secret",
    "stop_subscription",
    "switch_subscription",
]
