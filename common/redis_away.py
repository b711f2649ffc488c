"""Redis may be away, slow or full at any time, and the portal goes on without it: what is kept there is a convenience.

A question that cannot be asked is answered otherwise, mostly by nothing. Once Redis has not answered it is not asked
for a moment, so that one page waits for it now and then instead of every page; and the log hears of it once a minute.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError, TimeoutError
from redis.retry import Retry

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

LONGEST = 0.25
"""Seconds that one question may take; it usually takes a thousandth of that."""
LEFT_ALONE = 2.0
"""Seconds for which Redis is not asked after it has not answered."""
TOLD_EVERY = 60.0
"""Seconds."""
CONNECTING: dict[str, Any] = {
    "socket_timeout": LONGEST,
    "socket_connect_timeout": LONGEST,
    # A connection that Redis has closed meanwhile is made anew at once; one that does not answer is not asked again.
    "retry": Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
}
MOST_UNTOLD = 10_000
"""Changes that one process remembers for a Redis that is away: with more of them, it has been away for so long that
what it keeps has expired."""


class Standing:
    """What this process knows of a Redis: until when it is left alone, and which keys' changes it has missed."""

    def __init__(self) -> None:
        self.alone_until = self.told_at = float("-inf")
        self.untold: dict[str, None] = {}
        self.lock = threading.Lock()

    @property
    def is_left_alone(self) -> bool:
        return time.monotonic() < self.alone_until

    def failed(self, error: Exception) -> None:
        """It did not answer; or it refused, as a full one refuses to be told more."""
        if isinstance(error, ConnectionError | TimeoutError | OSError):
            self.alone_until = time.monotonic() + LEFT_ALONE
        if time.monotonic() - self.told_at > TOLD_EVERY:
            self.told_at = time.monotonic()
            logger.warning("Redis cannot be used (%s); the portal goes on without it.", type(error).__name__)

    def remember_untold(self, keys: Iterable[str]) -> None:
        with self.lock:
            self.untold |= dict.fromkeys(keys)
            while len(self.untold) > MOST_UNTOLD:
                del self.untold[next(iter(self.untold))]

    def take_untold(self) -> list[str]:
        if not self.untold:
            return []
        with self.lock:
            keys, self.untold = list(self.untold), {}
        return keys


_standings: dict[str, Standing] = {}


def standing(address: str) -> Standing:
    """One for all threads of the process."""
    return _standings.setdefault(address, Standing())


def asked(question: Callable[[Redis], Answer], otherwise: Answer) -> Answer:
    """The answer of the Redis that the cache is in, or `otherwise` where it gives none."""
    address = settings.CACHES["default"]["LOCATION"]
    here = standing(address)
    if here.is_left_alone:
        return otherwise
    try:
        return question(_client(address))
    except (RedisError, OSError) as error:
        here.failed(error)
        return otherwise


def is_reachable() -> bool:
    """Whether Redis answers now, as far as it is known without waiting for it."""
    return asked(lambda redis: bool(redis.ping()), False)


@functools.cache
def _client(address: str) -> Redis:
    return Redis.from_url(address, decode_responses=True, **CONNECTING)
