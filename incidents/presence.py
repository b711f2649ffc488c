"""Who has an incident open at the moment: kept in Redis for seconds, told with each poll, written down nowhere."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

SECONDS = 20
"""Somebody who has not asked for so long is here no more; open pages ask every 15 s at least."""
MOST = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Present:
    """A person who has the incident open."""

    user_id: int
    name: str


@functools.cache
def _redis(address: str) -> Redis:
    return Redis.from_url(
        address, socket_timeout=0.25, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0), decode_responses=True
    )


def others_here(incident_id: int, user_id: int, name: str) -> list[Present]:
    """Say that this person has the incident open, and learn who else has. Both are for people who may see it.

    Without Redis nobody seems to be here: it is a courtesy, and the page goes on without it.
    """
    key, now = cache.make_key(f"present:{incident_id}"), time.time()
    try:
        with _redis(settings.CACHES["default"]["LOCATION"]).pipeline(transaction=False) as pipeline:
            pipeline.zadd(key, {f"{user_id}:{name}": now})
            pipeline.expire(key, SECONDS)
            pipeline.zrangebyscore(key, now - SECONDS, "+inf", start=0, num=MOST)
            members: list[str] = pipeline.execute()[-1]
    except RedisError:
        logger.warning("Who has an incident open is not known: Redis does not answer.")
        return []
    found = [Present(int(number), label) for number, _, label in (member.partition(":") for member in members)]
    return sorted((each for each in found if each.user_id != user_id), key=lambda each: each.user_id)


def leave(incident_id: int, user_id: int, name: str) -> None:
    """The person has closed it; without this they would stay for some seconds."""
    with contextlib.suppress(RedisError):
        _redis(settings.CACHES["default"]["LOCATION"]).zrem(
            cache.make_key(f"present:{incident_id}"), f"{user_id}:{name}"
        )
