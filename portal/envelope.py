"""What is around every request: its name, the headers of its answer, its line in the log; and a second try for reading
that a lost connection cut off."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from common.request_id import ENVIRON, HEADER, named, new_id
from portal import errors, headers
from portal.logs import about, path_of

logger = logging.getLogger(__name__)

QUIET = (settings.STATIC_URL, "/healthz", "/readyz", "/incidents/changes/")
"""How paths begin that are asked for all the time: told of only where something is amiss, or at LOG_LEVEL=DEBUG."""


class Envelope:
    """The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.headers = headers.for_all()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        name = request.META.get(ENVIRON) or new_id(_proposed(request))
        with named(name), about(request):
            response = self._answered(request)
            for header, value in self.headers.items():
                response.headers.setdefault(header, value)
            response[HEADER] = name
            _tell(request, response, time.perf_counter() - started)
        return response

    def _answered(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(response, "may_be_asked_again", False):
            connection.close_if_unusable_or_obsolete()
            request.__dict__.pop("_cached_user", None)
            response = self.get_response(request)
        return response


def _proposed(request: HttpRequest) -> str:
    """What the proxy before us calls the request; anybody else may say what they like."""
    return request.headers.get(HEADER, "") if settings.ALLAUTH_TRUSTED_PROXY_COUNT else ""


def _tell(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    is_quiet = response.status_code < 400 and request.path.startswith(QUIET)
    level = logging.DEBUG if is_quiet else logging.INFO
    if not logger.isEnabledFor(level):
        return
    told: dict[str, Any] = {
        "method": request.method,
        "path": path_of(request),
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
    }
    if request.GET:
        told["keys"] = sorted(request.GET)[:20]  # what was asked for, not the words: people search for names
    logger.log(level, "request", extra={"told": told})


class DatabaseTrouble:
    """Where the database is away, busy or too slow, the answer says so and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.of_error(request, exception)
