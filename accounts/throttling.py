"""How much a token may ask for: so many requests in each minute of the clock, counted in the cache by all processes.

People who are signed in are not counted. Where the cache is away nobody is, and the API goes on.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import AccessToken
from common.problems import SAFE_METHODS

MINUTE = 60


class TooMuch(exceptions.Throttled):
    """More than a token may ask for in a minute; `wait` is in seconds."""

    def __init__(self, what: str, most: int, wait: int) -> None:
        super().__init__(wait)
        self.detail = f"This token may {what.format(f'{most:,}')} a minute; go on in {wait} s."  # type: ignore[assignment]


class TokenRate(BaseThrottle):
    """Reads and writes of a token, each by its own setting; 0 is no limit."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises TooMuch beyond the limit."""
        token: Any = request.user
        if isinstance(token, AccessToken):
            if request.method in SAFE_METHODS:
                count(token, "read", settings.API_READS_PER_MINUTE, "read {} times")
            else:
                count(token, "write", settings.API_WRITES_PER_MINUTE, "write {} times")
        return True


def count(token: AccessToken, kind: str, most: int, what: str, number: int = 1) -> None:
    """Count so much against what the token may have of this kind in a minute; raises TooMuch beyond it."""
    if most <= 0:
        return
    now = time.time()
    key = f"limit:api:{kind}:{token.pk}:{int(now // MINUTE)}"
    if _counted(key, number) > most:
        raise TooMuch(what, most, MINUTE - int(now % MINUTE))


def _counted(key: str, number: int) -> int:
    try:
        try:
            return cache.incr(key, number)
        except ValueError:
            # The first of the minute; or another process was first, meanwhile.
            return number if cache.add(key, number, timeout=2 * MINUTE) else cache.incr(key, number)
    except (RedisError, ValueError):
        return 0
