"""How long one statement of a request may take, by what is asked for.

Whoever reads a list waits for it, and so does everybody behind them: a process shows one page at a time. So reading
has a third of STATEMENT_TIMEOUT_SECONDS, alerts that come in two thirds; all of it has whatever writes, and what is
slow by nature: tables that are taken out, settings, pages about the portal itself. Background work has all of it, too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

READING = ("GET", "HEAD")
SHARES: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("api/v1/alerts/", ("POST",), 2 / 3),
    ("exports/", READING, 1),
    ("api/v1/exports/", READING, 1),
    ("api/v1/system/", READING, 1),
    ("settings/", READING, 1),
    ("status/", READING, 1),
    ("", READING, 1 / 3),
    ("", (), 1),
)
"""How routes begin, for which methods (none: all), and the share of the whole time; the first that fits counts."""

_wanted: ContextVar[int] = ContextVar("statement_timeout", default=0)
"""Milliseconds; 0 outside of requests."""
MARK = "watchfloor_statement_timeout"
"""On a connection: what it has been told."""


def share_of(route: str, method: str) -> float:
    return next(
        share for start, methods, share in SHARES if route.startswith(start) and (not methods or method in methods)
    )


class TimeLimits:
    """Middleware: tells the connection, where it has not been told the same already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        connection_created.connect(_tell_new)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _wanted.set(0)
        try:
            return self.get_response(request)
        finally:
            _wanted.reset(token)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        route = request.resolver_match.route if request.resolver_match else ""
        _wanted.set(round(settings.STATEMENT_TIMEOUT * share_of(route, request.method or "GET")))
        connection.close_if_health_check_failed()
        if connection.connection is not None:
            _tell(connection.connection)


def _tell_new(sender: Any, connection: Any, **more: Any) -> None:
    if connection.alias == "default" and _wanted.get():
        _tell(connection.connection)


def _tell(driver: psycopg.Connection[Any]) -> None:
    """Beside Django's own cursors: what pages ask of the database is counted, and this is not part of it."""
    milliseconds = _wanted.get()
    if getattr(driver, MARK, None) == milliseconds:
        return
    with connection.wrap_database_errors:
        driver.execute(f"SET statement_timeout = {milliseconds}")
    setattr(driver, MARK, milliseconds)
