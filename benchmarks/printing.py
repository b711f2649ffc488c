"""Making an incident's report, against a browser that prints the same page: time, memory and size.

Ours is everything from the incident's number to the file: reading, composing, drawing, joining. The browser is a cold
headless Chromium, as a portal without a printer of its own would start it for each report, and is handed the page ready
made; where its headless shell is installed as well, a smaller program that only prints and takes pictures, that is a
second floor. All are measured turn by turn; memory is that of all their processes, shared pages counted once. Then a
report of 10,000 alerts without caps, alone; and what pages take while reports are made beside them.
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
from functools import partial
from pathlib import Path

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from benchmarks.measure import Row, percentile
from benchmarks.reported import page_for_a_browser, report, reported_incident
from benchmarks.serving import look_around, server
from exports.printing import Limits, print_report
from exports.printing.memory import held_by
from incidents.models import Incident
from portal.servers.system_packages import CHROMIUM_NAMES, HEADLESS_SHELL

USER = "analyst01"
ENOUGH = 2_000
"""Incidents of a database from which on reports have their size; a tiny one is for trying this out."""
ROUNDS = 5
ALERTS, ENTITIES, ENTRIES = 150, 140, 500
"""40 assets and 100 pieces of evidence."""
MANY = 10_000
BETWEEN_LOOKS = 0.05
LIMITS = Limits(seconds=900)
"""A busy machine is to be measured, too."""
MEGABYTE = 1024 * 1024
LOOKING = 20.0
"""Seconds that somebody looks at pages, with and without reports beside."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one printing took."""

    seconds: float
    memory: float
    size: float


def measure(rounds: int) -> Iterator[Row]:
    full = Incident.objects.count() >= ENOUGH
    usual = reported_incident(alerts=ALERTS, entities=ENTITIES, entries=ENTRIES) if full else _tiny()
    many = reported_incident(alerts=MANY, entities=ENTITIES, entries=1) if full else usual
    reader = User.objects.select_related("role").get(username=USER)
    page = page_for_a_browser(report(usual, reader, is_capped=True))
    ours: list[Turn] = []
    theirs: dict[str, list[Turn]] = {name: [] for name in _browsers()}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(min(rounds, ROUNDS)):
            ours.append(_turn(lambda into: _print(usual, reader, into), Path(folder) / f"ours-{turn}"))
            for name, program in _browsers().items():
                into = Path(folder) / f"{name}-{turn}"
                theirs[name].append(_turn(partial(_browse, program, page), into))
        if not theirs:
            yield from _compared(ours, [], "")
        for name, turns in theirs.items():
            yield from _compared(ours, turns, f" against {name}")
        alone = _turn(lambda into: _print(many, reader, into, is_capped=False), Path(folder) / "many")
    yield Row("printing, 10,000 alerts", alone.seconds, "s")
    yield Row("printing, 10,000 alerts, memory", alone.memory, "MB")
    yield Row("printing, 10,000 alerts, size", alone.size, "KB")
    yield _beside(usual, reader, LOOKING if full else 1.0)


def _browsers() -> dict[str, str]:
    """Name and program of those that are installed."""
    whole = (name for name in CHROMIUM_NAMES if name != HEADLESS_SHELL)
    found = {
        "a browser": next(filter(None, map(shutil.which, whole)), None),
        "a headless shell": shutil.which(HEADLESS_SHELL),
    }
    return {name: program for name, program in found.items() if program}


def _tiny() -> Incident:
    return reported_incident(alerts=3, entities=7, entries=3)


def _compared(ours: list[Turn], theirs: list[Turn], against: str) -> Iterator[Row]:
    for what, name, unit in (("seconds", "a report", "s"), ("memory", "memory", "MB"), ("size", "size", "KB")):
        own = [getattr(turn, what) for turn in ours]
        middle = statistics.median(own)
        floor = statistics.median(getattr(turn, what) for turn in theirs) if theirs else None
        ratio = middle / floor if floor else None
        yield Row(f"printing, {name}{against}", middle, unit, floor, ratio, middle, percentile(own, 95), len(own))


def _beside(incident: Incident, reader: User, seconds: float) -> Row:
    """Pages that somebody opens one after the other while one report after the other is made, against the same pages
    with nothing beside: p95."""
    client = Client()
    client.force_login(reader)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    over = threading.Event()

    def make_reports() -> None:
        try:
            while not over.is_set():
                with tempfile.TemporaryDirectory() as folder:
                    _print(incident, reader, Path(folder))
        finally:
            connection.close()

    with server() as port:
        look_around(port, cookie, time.monotonic() + seconds / 4)
        alone = look_around(port, cookie, time.monotonic() + seconds)
        maker = threading.Thread(target=make_reports)
        maker.start()
        try:
            beside = look_around(port, cookie, time.monotonic() + seconds)
        finally:
            over.set()
            maker.join()
    high, floor = percentile(beside, 95), percentile(alone, 95)
    return Row("printing, pages beside it (p95)", high, "ms", floor, high / floor, n=len(beside))


def _turn(work: Callable[[Path], Path], into: Path) -> Turn:
    into.mkdir()
    with _most_memory() as most:
        begun = time.perf_counter()
        file = work(into)
        seconds = time.perf_counter() - begun
    return Turn(seconds, most() / MEGABYTE, file.stat().st_size / 1024)


def _print(incident: Incident, reader: User, into: Path, *, is_capped: bool = True) -> Path:
    made = report(incident, reader, is_capped=is_capped)
    return print_report(made, into, limits=LIMITS, tell=lambda percent: None).path


def _browse(browser: str, content: str, into: Path) -> Path:
    page, file = into / "report.html", into / "report.pdf"
    page.write_text(content, encoding="utf-8")
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
