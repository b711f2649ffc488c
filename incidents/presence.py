"""Who has an incident open at the moment: kept in Redis for seconds, told with each poll, written down nowhere."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.cache import cache
from redis import Redis

from common.redis_away import asked

SECONDS = 20
"""Somebody who has not asked for so long is here no more; open pages ask every 15 s at least."""
MOST = 20


@dataclass(frozen=True, slots=True)
class Present:
    """A person who has the incident open."""

    user_id: int
    name: str


def others_here(incident_id: int, user_id: int, name: str) -> list[Present]:
    """Say that this person has the incident open, and learn who else has. Both are for people who may see it.

    Without Redis nobody seems to be here: it is a courtesy, and the page goes on without it.
    """
    key, now = cache.make_key(f"present:{incident_id}"), time.time()

    def said_and_learnt(redis: Redis) -> list[str]:
        with redis.pipeline(transaction=False) as pipeline:
            pipeline.zadd(key, {f"{user_id}:{name}": now})
            pipeline.expire(key, SECONDS)
            pipeline.zrangebyscore(key, now - SECONDS, "+inf", start=0, num=MOST)
            return list(pipeline.execute()[-1])

    nobody: list[str] = []
    members = asked(said_and_learnt, nobody)
    found = [Present(int(number), label) for number, _, label in (member.partition(":") for member in members)]
    return sorted((each for each in found if each.user_id != user_id), key=lambda each: each.user_id)


def leave(incident_id: int, user_id: int, name: str) -> None:
    """The person has closed it; without this they would stay for some seconds."""
    asked(lambda redis: redis.zrem(cache.make_key(f"present:{incident_id}"), f"{user_id}:{name}"), None)
