"""Measuring two things turn by turn, and the rows that come of it."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table and of bench.json."""

    name: str
    value: float
    """The median, or the rate, of what is measured."""
    unit: str
    floor: float | None = None
    """The same of what it is held against, in the same unit."""
    ratio: float | None = None
    """value / floor."""
    p50: float | None = None
    p95: float | None = None
    n: int = 1


Work = Callable[[], Any]
WARM_UP = 2


def timed(work: Work) -> float:
    """Milliseconds that the work takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def times_in_turn(works: Sequence[Work], rounds: int) -> list[list[float]]:
    """Milliseconds of each work, one after the other, round by round, so that a busy machine slows all alike."""
    for work in works:
        for _ in range(min(WARM_UP, rounds)):
            work()
    found: list[list[float]] = [[] for _ in works]
    with no_collection():
        for _ in range(rounds):
            for work, times in zip(works, found, strict=True):
                times.append(timed(work))
            gc.collect(0)
    return found


@contextmanager
def no_collection() -> Iterator[None]:
    """Python's collector kept out of what is measured. It is done with what was there before: gone through again for
    each measurement, the whole of Django would take longer than what is measured."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def compared(name: str, times: Sequence[float], floor: Sequence[float]) -> Row:
    """Times against a floor's times: medians."""
    middle, low = statistics.median(times), statistics.median(floor)
    return Row(name, middle, "ms", low, middle / low, middle, percentile(times, 95), len(times))


def rates(name: str, unit: str, amounts: Sequence[float], floor: Sequence[float]) -> Row:
    """Rates against a floor's rates, the higher the better: medians. p95 is what 95 % of the rounds reached."""
    middle, high = statistics.median(amounts), statistics.median(floor)
    return Row(name, middle, unit, high, middle / high, middle, percentile(amounts, 5), len(amounts))


def percentile(values: Sequence[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(round(percent / 100 * (len(ordered) - 1)), len(ordered) - 1)]


@dataclass(slots=True)
class Statements:
    """What was asked of the database, and how long the answers took."""

    sql: list[str]
    milliseconds: float = 0.0


@contextmanager
def statements() -> Iterator[Statements]:
    """Gathers the statements that run meanwhile."""
    found = Statements([])

    def gather(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            found.milliseconds += (time.perf_counter() - started) * 1000
            found.sql.append(sql)

    with connection.execute_wrapper(gather):
        yield found
