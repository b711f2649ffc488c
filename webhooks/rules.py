"""When a message is tried again, and when no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

FIRST_PAUSE, PAUSES_GROW_BY, LONGEST_PAUSE = 5.0, 4.0, 6 * 3_600.0
"""Seconds: 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, 6 h, 6 h, 6 h – about a day in all."""
JITTER = 0.2
"""By so much of itself each pause is longer or shorter, so that what failed together does not come back together."""
GIVE_UP_AFTER = timedelta(hours=24)
HOLDS_BACK = 4
"""So often a message is tried before later ones of the same incident may overtake it: about two minutes. Else a
receiver that chokes on one message would hear nothing more of that incident for a day."""
RESTS_AFTER = 3
"""After so many failures in a row, whatever the message, a receiver is left alone for a while."""
LONGEST_REST = 15 * 60.0
SWITCHED_OFF_AFTER = timedelta(days=3)
"""Nothing was taken in all this time, from the first failure to the latest."""
GONE = 410
"""By which a receiver says that it wants to hear nothing more; source: Standard Webhooks, and RFC 9110, 15.5.11."""


def pause(failures: int, chance: Callable[[], float], longest: float = LONGEST_PAUSE) -> timedelta:
    """How long to wait after so many failures in a row; `chance` gives a number from 0 to 1."""
    seconds = min(FIRST_PAUSE * PAUSES_GROW_BY ** min(failures - 1, 20), longest)
    return timedelta(seconds=seconds * (1 + JITTER * (2 * chance() - 1)))


def rest(failures: int, asked_for: int, chance: Callable[[], float]) -> timedelta | None:
    """How long to leave a receiver alone after so many failures in a row; `asked_for` are the seconds that it asks for
    itself (Retry-After)."""
    asked = timedelta(seconds=min(asked_for, 3_600))
    if failures < RESTS_AFTER:
        return asked or None
    return max(asked, pause(failures, chance, LONGEST_REST))
