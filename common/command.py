"""The shape of every state change: one transaction, an actor named by keyword, known to the register."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

COMMANDS: dict[str, Callable[..., object]] = {}
"""Every command by its dotted name. Tests walk it to prove that each one records what it changes."""

ATTEMPTS = 3
LONGEST_TRYING = 4.0
"""Seconds after which no further try is begun: whoever waits is told that somebody else is at it
(common/database_trouble.py), and the process can answer others."""
PASSING_STATES = {"40P01", "40001", "55P03"}
"""SQLSTATEs after which the same transaction, tried again, can succeed: deadlock, serialisation failure, and a lock
that was held for longer than anybody should wait."""


_within_caller: ContextVar[bool] = ContextVar("within_caller", default=False)


@contextmanager
def within_one_savepoint() -> Iterator[None]:
    """Commands called inside stand or fall together, with one savepoint instead of one for each: what raises must leave
    this block, and all that they have written is gone."""
    token = _within_caller.set(True)
    try:
        with transaction.atomic():
            yield
    finally:
        _within_caller.reset(token)


def is_passing(error: OperationalError) -> bool:
    """Whether others were in the way for the moment, so that the same can succeed when it is tried again."""
    return getattr(error.__cause__, "sqlstate", None) in PASSING_STATES


def in_one_transaction(act: Callable[[], Result]) -> Result:
    """Do all of it or nothing, tried again when others were in its way for the moment; within another transaction once,
    since that one is lost then."""
    attempts = 1 if connection.in_atomic_block else ATTEMPTS
    give_up_at = time.monotonic() + LONGEST_TRYING
    for attempt in range(1, attempts + 1):
        try:
            with transaction.atomic():
                return act()
        except OperationalError as error:
            if attempt == attempts or not is_passing(error) or time.monotonic() > give_up_at:
                raise
            time.sleep(0.05 * attempt)
    raise AssertionError("unreachable: the last attempt returns or raises")


def command(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Make `function` a command: it runs in one transaction and takes its `actor` by keyword only.

    The outermost command is tried again when others were in its way for the moment; an inner one is not, since
    the transaction it is part of is lost already.
    """
    actor = inspect.signature(function).parameters.get("actor")
    if actor is None or actor.kind is not inspect.Parameter.KEYWORD_ONLY:
        raise TypeError(f"{function.__qualname__} must take actor as a keyword-only argument")

    @functools.wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if _within_caller.get():
            return function(*args, **kwargs)
        return in_one_transaction(lambda: function(*args, **kwargs))

    COMMANDS[f"{function.__module__}.{function.__name__}"] = run
    return run
