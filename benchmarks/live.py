"""What open pages cost that ask every three seconds: processor time of a poll, against the cheapest answer there is."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client

from accounts.models import User
from activity.news import moment
from benchmarks.measure import WARM_UP, Row, compared, no_collection, statements
from incidents.commands import add_comment, follow
from incidents.models import Incident

USER = "analyst01"
OTHER = "analyst02"
POLL = "/incidents/changes/"
AT_ONCE = 20
"""Polls that are timed together: the processor's clock ticks too coarsely for one."""
BROWSERS, PACE = 200, 3.0
"""Live browsers, and the seconds between two polls of each."""


def measure(rounds: int) -> Iterator[Row]:
    user, other = User.objects.get(username=USER), User.objects.get(username=OTHER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    incident = Incident.objects.visible_to(user).open().order_by("-last_activity", "-id")[0]
    shown = ",".join(str(number) for number in Incident.objects.open().values_list("pk", flat=True)[:50])
    question = {"open": incident.pk, "list": "/incidents/", "shown": shown, "whole": ""}
    served = _Served(client.cookies.output(header="", sep=";").strip())

    def health() -> None:
        served("/healthz", {})

    def quiet() -> None:
        served(POLL, question | {"since": moment_now})

    def news() -> None:
        served(POLL, question | {"since": before})

    before = moment()
    follow(incident, actor=user.as_actor())
    for number in range(5):
        add_comment(incident, f"News {number}", actor=other.as_actor())
    moment_now = moment()
    works = {"no news": quiet, "news": news}
    floors, *found = _processor_time([health, *works.values()], rounds)
    for name, times in zip(works, found, strict=True):
        yield compared(f"live, poll with {name}, processor time", times, floors)
        with statements() as asked:
            works[name]()
        yield Row(f"live, poll with {name}, statements", len(asked.sql), "statements")
    share = sorted(found[0])[len(found[0]) // 2] / 1000 * BROWSERS / PACE * 100
    yield Row(f"live, {BROWSERS} browsers, share of one core", share, "%")
    yield from _with_database(quiet, rounds)


def _with_database(poll: Callable[[], None], rounds: int) -> Iterator[Row]:
    """Start to end, so with the share of PostgreSQL and Redis, which work meanwhile."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(AT_ONCE):
            poll()
        times.append((time.perf_counter() - started) * 1000 / AT_ONCE)
    middle = sorted(times)[len(times) // 2]
    yield Row("live, poll with no news, start to end", middle, "ms", p50=middle, p95=max(times), n=rounds)


class _Served:
    """The application as its server calls it, without a socket between."""

    def __init__(self, cookie: str) -> None:
        self.application = get_wsgi_application()
        self.cookie = cookie

    def __call__(self, path: str, query: dict[str, Any]) -> None:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(query),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": self.cookie,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        answered: list[str] = []
        response = self.application(environ, lambda status, headers, error=None: answered.append(status))
        b"".join(response)
        getattr(response, "close", lambda: None)()
        if answered[0][:1] != "2":
            raise RuntimeError(f"{path} answers {answered[0]}")


def _processor_time(works: list[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Milliseconds of this process's processor time of each work, turn by turn."""
    for work in works:
        for _ in range(WARM_UP):
            work()
    found: list[list[float]] = [[] for _ in works]
    with no_collection():
        for _ in range(rounds):
            for work, times in zip(works, found, strict=True):
                started = time.process_time()
                for _ in range(AT_ONCE):
                    work()
                times.append((time.process_time() - started) * 1000 / AT_ONCE)
    connection.close()
    return found
