"""Sending what is due: several receivers at once, one message to each at a time."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime

from django.utils import timezone

from activity.actors import SYSTEM
from common.outgoing.exchange import Outcome, post
from webhooks.commands import stop_subscription
from webhooks.commands.sending import Claimed, claim, is_anything_due, let_go, note, withhold
from webhooks.message import Withheld, message_of
from webhooks.policy import policy
from webhooks.secrets import Unreadable

RECEIVERS_AT_ONCE = 16
"""Threads of one worker that wait for answers. A receiver that never answers holds one of them for ten seconds, and
after three times in a row rests: it keeps no other from being sent to."""
LOOK_AGAIN = 0.25
"""Seconds after which, while some are waited for, it is looked whether others are due by now."""


def deliver_due(seconds: float) -> bool:
    """Send what is due, and what falls due meanwhile, for so long; whether something is left.

    Only the exchange with a receiver is on a thread: the database is asked here alone.
    """
    until, limits = time.monotonic() + seconds, policy()
    under_way: dict[Future[Outcome], tuple[Claimed, datetime]] = {}
    with ThreadPoolExecutor(RECEIVERS_AT_ONCE, thread_name_prefix="webhook") as pool:
        while True:
            if time.monotonic() < until:
                for claimed in claim(RECEIVERS_AT_ONCE - len(under_way)):
                    now, address = timezone.now(), claimed.delivery.subscription.address
                    try:
                        message = message_of(claimed.delivery, now)
                    except Withheld as reason:
                        withhold(claimed, str(reason))
                        continue
                    except Unreadable as problem:
                        let_go(claimed)
                        stop_subscription(claimed.delivery.subscription, str(problem), actor=SYSTEM)
                        continue
                    answer = pool.submit(post, address, message.headers, message.body, limits)
                    under_way[answer] = claimed, now
            if under_way:
                for answer in wait(under_way, LOOK_AGAIN, FIRST_COMPLETED).done:
                    claimed, began_at = under_way.pop(answer)
                    note(claimed, began_at, answer.result())
            elif time.monotonic() >= until or not is_anything_due(timezone.now()):
                return is_anything_due(timezone.now())
            else:  # another worker is just about to claim it
                time.sleep(LOOK_AGAIN / 10)
