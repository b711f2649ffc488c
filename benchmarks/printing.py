"""Printing an incident's report of about 33 pages, against a browser that prints the same: time, memory and size.

The browser is a cold headless Chromium, as a portal without a printer of its own would start it for each report. Both
start from nothing and are measured turn by turn; memory is that of all their processes, shared pages counted once.
Then a report of 10,000 alerts, alone.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measure import Row, percentile
from benchmarks.printed_report import MadeUpReport
from exports.printing import Limits, print_report
from exports.printing.memory import held_by
from incidents.models import Incident
from portal.servers.system_packages import CHROMIUM_NAMES

ENOUGH = 2_000
"""Incidents of a database from which on reports have their size; a tiny one is for trying this out."""
ROUNDS = 5
ALERTS, ROWS_OF_A_PIECE = 10_000, 250
BETWEEN_LOOKS = 0.05
LIMITS = Limits(seconds=900)
"""A busy machine is to be measured, too."""
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Turn:
    """What one printing took."""

    seconds: float
    memory: float
    size: float


def measure(rounds: int) -> Iterator[Row]:
    full = Incident.objects.count() >= ENOUGH
    report = MadeUpReport() if full else MadeUpReport(assets=3, evidence=3, alerts=3, entries=3, nodes=3)
    browser = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(min(rounds, ROUNDS)):
            ours.append(_turn(lambda into: _print(report, into), Path(folder) / f"ours-{turn}"))
            if browser:
                theirs.append(_turn(lambda into: _browse(browser, report, into), Path(folder) / f"theirs-{turn}"))
        yield from _compared(ours, theirs)
        many = MadeUpReport(alerts=ALERTS, entries=0, rows_of_a_piece=ROWS_OF_A_PIECE) if full else report
        alone = _turn(lambda into: _print(many, into), Path(folder) / "many")
    yield Row("printing, 10,000 alerts", alone.seconds, "s")
    yield Row("printing, 10,000 alerts, memory", alone.memory, "MB")
    yield Row("printing, 10,000 alerts, size", alone.size, "KB")


def _compared(ours: list[Turn], theirs: list[Turn]) -> Iterator[Row]:
    for what, name, unit in (("seconds", "a report", "s"), ("memory", "memory", "MB"), ("size", "size", "KB")):
        own = [getattr(turn, what) for turn in ours]
        middle = statistics.median(own)
        floor = statistics.median(getattr(turn, what) for turn in theirs) if theirs else None
        ratio = middle / floor if floor else None
        yield Row(f"printing, {name}", middle, unit, floor, ratio, middle, percentile(own, 95), len(own))


def _turn(work: Callable[[Path], Path], into: Path) -> Turn:
    into.mkdir()
    with _most_memory() as most:
        begun = time.perf_counter()
        file = work(into)
        seconds = time.perf_counter() - begun
    return Turn(seconds, most() / MEGABYTE, file.stat().st_size / 1024)


def _print(report: MadeUpReport, into: Path) -> Path:
    return print_report(report, into, limits=LIMITS, tell=lambda percent: None).path


def _browse(browser: str, report: MadeUpReport, into: Path) -> Path:
    page, file = into / "report.html", into / "report.pdf"
    page.write_text(report.whole(), encoding="utf-8")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={file}"]
    command = [browser, *arguments, f"--user-data-dir={into / 'profile'}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603 - a browser it has found itself
    return file


@contextmanager
def _most_memory() -> Iterator[Callable[[], int]]:
    """Of the processes that are started meanwhile, by looking again and again."""
    most, over = 0, threading.Event()
    # The benchmarks' own servers have nothing to do with it.
    before = {child.pid for child in psutil.Process().children()}

    def look() -> None:
        nonlocal most
        while not over.wait(BETWEEN_LOOKS):
            most = max(
                most, sum(held_by(child.pid) for child in psutil.Process().children() if child.pid not in before)
            )

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield lambda: most
    finally:
        over.set()
        looker.join()
