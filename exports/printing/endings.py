"""How a child of the printer ends, and what its end tells."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from enum import IntEnum

from exports.printing.limits import Limits, PrintingFailed, not_drawn, too_large, too_long, too_much_memory

NEAR = 0.8
"""A child that had so much of its memory before it crashed has crashed for want of it: pango does not ask twice."""


class Ending(IntEnum):
    """The exit codes of a child."""

    DONE = 0
    BROKEN = 70
    MEMORY = 71
    NESTED = 72
    SIZE = 73


def run(work: Callable[[], None]) -> int:
    """Carries out a child's work; the code to exit with. What was wrong stands on the error output."""
    try:
        work()
    except MemoryError:
        return Ending.MEMORY
    except RecursionError:
        return Ending.NESTED
    except BaseException as problem:
        if isinstance(problem, OSError) and problem.errno == errno.EFBIG:
            return Ending.SIZE
        if isinstance(problem, OSError) and problem.errno == errno.ENOMEM:
            return Ending.MEMORY
        print(f"{type(problem).__name__}: {problem}"[:500], file=sys.stderr, flush=True)
        return Ending.BROKEN
    return Ending.DONE


def failure(status: int, kilobytes: int, limits: Limits) -> PrintingFailed | None:
    """What the end of a child (its wait status, and the most memory it had) means to the person who asked."""
    if os.WIFSIGNALED(status):
        signalled = os.WTERMSIG(status)
        if signalled == signal.SIGXCPU:
            return too_long(limits)
        if signalled == signal.SIGKILL or kilobytes * 1024 > limits.memory * NEAR:
            return too_much_memory(limits)
        return not_drawn(f"the drawing ended with {signal.Signals(signalled).name}")
    code = os.WEXITSTATUS(status)
    if code == Ending.DONE:
        return None
    if code == Ending.MEMORY:
        return too_much_memory(limits)
    if code == Ending.SIZE:
        return too_large(limits)
    if code == Ending.NESTED:
        return not_drawn("its parts are nested too deeply")
    return not_drawn("something in it is not understood")
