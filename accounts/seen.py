"""When a person was last there: noted at their requests, written once a minute at most, never read on the way."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from accounts.commands import keep_session
from accounts.devices import device_of
from accounts.models import User
from activity.remote import remote_address

logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds."""
MOST_REMEMBERED = 10_000
BY_ITSELF = ("/incidents/changes/", "/incidents/rows/", "/notices/")
"""What open pages ask without anybody being there."""
_noted: OrderedDict[str, float] = OrderedDict()
"""Session → when this process last wrote of it. A session it has not met yet was written by the door a moment ago, or
by another process: that is soon enough to begin with."""


class Seen:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user, key = request.user, request.session.session_key
        if isinstance(user, User) and key and not request.path.startswith(BY_ITSELF) and _is_due(key):
            try:
                keep_session(key, user, remote_address(), device_of(request.META.get("HTTP_USER_AGENT", "")))
            except DatabaseError:
                logger.warning("that %s was there could not be noted", user.username, exc_info=True)
        return response


def _is_due(key: str) -> bool:
    now = time.monotonic()
    last = _noted.get(key)
    if last is not None and now - last < EVERY:
        return False
    _noted[key] = now
    _noted.move_to_end(key)
    while len(_noted) > MOST_REMEMBERED:
        _noted.popitem(last=False)
    return last is not None
