"""What can keep a server from starting, told to the person at the terminal."""

from __future__ import annotations

import errno


class CannotStart(Exception):
    """One clear sentence with the way out; it is shown as it is, without a traceback."""


class AlreadyRunning(CannotStart):
    """Another process works on the same data folder."""


def file_problem(problem: OSError, action: str) -> CannotStart:
    """An operating system's refusal as a sentence: what could not be done, why, and what helps."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(f"The disk is full, so Watchfloor cannot {action}; make room or choose another DATA_DIR.")
    reason = problem.strerror or str(problem)
    return CannotStart(f"Watchfloor cannot {action} ({reason}); correct its rights or choose another DATA_DIR.")
