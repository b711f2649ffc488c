"""What the database's errors mean to whoever asked: it is away, it is too busy, it took too long, another was first."""

from __future__ import annotations

import psycopg

from common.failures import Failure

AWAY = Failure(
    503,
    "Watchfloor cannot work at the moment",
    "Its database cannot be reached. What you sent was not saved. Try again in a few seconds; if it goes on, tell an "
    "administrator.",
    retry_after=5,
)
CROWDED = Failure(
    503,
    "Too many people want something at once",
    "The database takes no more connections at the moment. What you sent was not saved. Try again in a few seconds.",
    retry_after=5,
)
FULL = Failure(
    503,
    "Watchfloor has no room left",
    "The database's disk or memory is full. What you sent was not saved. Tell an administrator.",
    retry_after=30,
)
TOOK_TOO_LONG = Failure(
    503,
    "This takes too long",
    "What was asked for takes longer to find than it may. Narrow it: a shorter time, more of a word, fewer "
    "alternatives in the search.",
)
TOO_LONG_TO_SAVE = Failure(
    503,
    "This takes too long",
    "The database takes longer for this than it may, and nothing was saved. Try it with less at a time.",
    retry_after=5,
)
OTHERS_FIRST = Failure(
    503,
    "Somebody else is changing the same",
    "It is being changed by somebody else at this moment, and nothing of yours was saved. Try again in a moment.",
    retry_after=2,
)

LOCKED = {"40P01", "40001", "55P03"}
"""SQLSTATEs: deadlock, serialisation failure, a lock that was held for longer than anybody waits."""
SHUTTING_DOWN = {"57P01", "57P02", "57P03", "57P05"}
"""SQLSTATEs: ended by an administrator, by a crash, not yet started, idle for too long."""


def failure_of(error: BaseException | None, *, is_reading: bool = True) -> Failure | None:
    """What an exception says of the database; None where it is about something else."""
    cause = _of_driver(error)
    state = getattr(cause, "sqlstate", None) or ""
    if cause is None:
        return None
    if was_lost(error):
        return AWAY
    if state in LOCKED:
        return OTHERS_FIRST
    if isinstance(cause, psycopg.errors.QueryCanceled):
        return TOOK_TOO_LONG if is_reading else TOO_LONG_TO_SAVE
    if state == "53300" or _says(cause, "too many clients", "remaining connection slots"):
        return CROWDED
    if state.startswith("53"):
        return FULL
    return AWAY if isinstance(cause, psycopg.OperationalError) and not state else None


def was_lost(error: BaseException | None) -> bool:
    """Whether a connection ended that there was: the same question may be answered by a new one."""
    cause = _of_driver(error)
    state = getattr(cause, "sqlstate", None) or ""
    if isinstance(cause, psycopg.InterfaceError):
        return _says(cause, "connection")
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return state in SHUTTING_DOWN or state.startswith("08") or (not state and not _says(cause, "connection failed"))


def _of_driver(error: BaseException | None) -> psycopg.Error | None:
    """The driver's error itself, which Django's own stands for."""
    for each in (error, getattr(error, "__cause__", None)):
        if isinstance(each, psycopg.Error):
            return each
    return None


def _says(error: BaseException, *words: str) -> bool:
    return any(word in str(error) for word in words)
