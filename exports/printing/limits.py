"""What a printing may use, and how it is told when that does not suffice."""

from __future__ import annotations

import os
from dataclasses import dataclass

MEGABYTE = 1024 * 1024
MOST_AT_ONCE = 4


def _cores() -> int:
    return max(1, min(MOST_AT_ONCE, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one report: all its processes together, except that each of them may have `memory` for a moment."""

    seconds: float = 300.0
    memory: int = 1024 * MEGABYTE
    size: int = 64 * MEGABYTE
    """Of the file, and of any file that is written on the way."""
    at_once: int = 0
    """Pieces that are drawn side by side; 0 for as many as there are cores, four at most."""

    @property
    def children(self) -> int:
        return self.at_once or _cores()


class PrintingFailed(Exception):
    """There is no file; the reason is in words for the person who asked for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def too_much_memory(limits: Limits) -> PrintingFailed:
    megabytes = limits.memory // MEGABYTE
    return PrintingFailed(f"The report needs more than {megabytes:,} MB of memory; leave out parts or keep the caps.")


def too_long(limits: Limits) -> PrintingFailed:
    return PrintingFailed(f"The report took longer than {limits.seconds:,.0f} s; leave out parts or keep the caps.")


def too_large(limits: Limits) -> PrintingFailed:
    megabytes = max(1, limits.size // MEGABYTE)
    return PrintingFailed(f"The report is larger than {megabytes:,} MB; leave out parts or keep the caps.")


def not_drawn(why: str) -> PrintingFailed:
    return PrintingFailed(f"The report could not be drawn ({why}).")
