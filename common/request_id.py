"""The name of each request: in its answer, on the page of a failure and in every line of the log, so that one leads to
the other."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
ENVIRON = "watchfloor.request_id"
"""Under which the edge of the web server hands it on."""
_USABLE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")

_current: ContextVar[str] = ContextVar("request_id", default="")


def new_id(proposed: str = "") -> str:
    """What a trusted proxy has named the request, where that can be printed anywhere; else a name by chance."""
    return proposed if _USABLE.match(proposed) else secrets.token_hex(8)


def request_id() -> str:
    """Of the request that is being answered; "" where there is none."""
    return _current.get()


def begin(name: str) -> None:
    """From here on everything belongs to what has this name: for work that comes one at a time, with no request."""
    _current.set(name)


def end() -> None:
    """What `begin` has begun is over."""
    _current.set("")


@contextmanager
def named(name: str) -> Iterator[None]:
    """What happens inside belongs to the request of this name."""
    token = _current.set(name)
    try:
        yield
    finally:
        _current.reset(token)
