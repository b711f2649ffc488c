"""Health, for supervisors and load balancers: `/healthz` while the process lives, `/readyz` while it can work."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from portal.environment import load_environment

CHECK_SECONDS = 2
RETRY_AFTER_SECONDS = 5
ANSWER_KEPT_SECONDS = 1.0

WORKER_KEY = "watchfloor:worker-alive"
WORKER_KEY_SECONDS = 20


class NotReady(Exception):
    """What is amiss, in words that give away neither addresses nor passwords."""


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives; nothing else is touched."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether database, broker and worker answer: each with its state, 503 when one does not."""
    states = _recent_states()
    ready = all(state == "ok" for state in states.values())
    body = {"status": "ready" if ready else "not ready", "checks": {name: {"state": s} for name, s in states.items()}}
    response = JsonResponse(body, status=200 if ready else 503)
    if not ready:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


_kept: tuple[float, dict[str, str]] = (float("-inf"), {})


def _recent_states() -> dict[str, str]:
    """All checks, at most once a second per process however often somebody asks."""
    global _kept
    if time.monotonic() - _kept[0] > ANSWER_KEPT_SECONDS:
        _kept = (time.monotonic(), {name: state_of(check) for name, check in CHECKS.items()})
    return _kept[1]


def state_of(check: Callable[[], None]) -> str:
    """“ok”, or what is amiss."""
    try:
        check()
    except NotReady as reason:
        return str(reason)
    return "ok"


def check_database() -> None:
    """A connection of its own, so that it notices when all are taken and waits no longer than it may."""
    parameters = connections["default"].get_connection_params()
    parameters |= {
        "connect_timeout": CHECK_SECONDS,
        "options": f"-c statement_timeout={CHECK_SECONDS * 1000}",
    }
    try:
        with psycopg.connect(**parameters) as connection:
            connection.execute("SELECT 1")
    except psycopg.OperationalError as problem:
        if problem.sqlstate == "53300" or "too many clients" in str(problem) or "remaining connection" in str(problem):
            raise NotReady("all connections are taken") from None
        raise NotReady("does not answer") from None
    except psycopg.Error:
        raise NotReady("refuses") from None


def check_broker() -> None:
    """Redis answers."""
    try:
        with redis_client() as client:
            client.ping()
    except (RedisError, OSError):
        raise NotReady("does not answer") from None


def check_worker() -> None:
    """At least one worker has shown a sign of life lately."""
    try:
        with redis_client() as client:
            alive = client.exists(WORKER_KEY)
    except (RedisError, OSError):
        raise NotReady("unknown, because the broker does not answer") from None
    if not alive:
        raise NotReady("no worker has shown a sign of life")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "worker": check_worker,
}


def redis_client() -> Redis:
    """A client that gives up early and tries once."""
    url = load_environment().redis_url
    if url is None:
        raise NotReady("no address is set")
    return Redis.from_url(
        url,
        socket_timeout=CHECK_SECONDS,
        socket_connect_timeout=CHECK_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
