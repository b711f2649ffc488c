"""From where an act comes: the network address behind the request that is being answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_asked_from: ContextVar[Callable[[], str] | None] = ContextVar("asked_from", default=None)


@contextmanager
def asked_from(address: Callable[[], str]) -> Iterator[None]:
    """What happens inside is asked for from there; the address is found out only where something is recorded."""
    token = _asked_from.set(address)
    try:
        yield
    finally:
        _asked_from.reset(token)


def remote_address() -> str:
    """The address, or "" where there is no request or it is not known."""
    address = _asked_from.get()
    return address() if address else ""
