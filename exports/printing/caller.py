"""A report is handed to a printer piece by piece, and its file is brought home."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exports.printing import messages
from exports.printing.letters import LETTERS_AS_HTML
from exports.printing.limits import Limits, PrintingFailed, not_drawn, too_large
from exports.printing.process import ROOT, PrinterProcess
from exports.printing.report import Report

ASSETS = ROOT / "static" / "print"
FILE = "report.pdf"
BETWEEN_TELLS = 0.5
PIECES, FRONT = 90, 95
"""Percent when all pieces are drawn, and when the front is."""
FRONT_PAGES, TRIES = 2, 3


@dataclass(frozen=True, slots=True)
class Printed:
    """The file of a report."""

    path: Path
    pages: int
    size: int
    sha256: str


def print_report(report: Report, into: Path, *, limits: Limits, tell: Callable[[int], None]) -> Printed:
    """Prints into an empty folder of this job; only report.pdf is left there, and nothing where it fails.

    `tell` is called with the percent that is done, at least once a second while the printer works (a piece is composed
    in between). What it raises ends the printing. Raises PrintingFailed.
    """
    with _workshop(into) as job, PrinterProcess(job, ASSETS, limits) as printer:
        printing = _Printing(report, job, printer, tell)
        printing.draw_pieces()
        printing.draw_front()
        printing.join()
        return _brought(job / FILE, into / FILE, printing.total, limits)


@contextmanager
def _workshop(into: Path) -> Iterator[Path]:
    """A folder within that goes with all that was written on the way."""
    job = into.resolve() / "work"
    job.mkdir(mode=0o700)
    try:
        yield job
    finally:
        shutil.rmtree(job, ignore_errors=True)


class _Printing:
    """Where a report stands on its way through the printer."""

    def __init__(self, report: Report, job: Path, printer: PrinterProcess, tell: Callable[[int], None]) -> None:
        self._report, self._job, self._printer, self._tell = report, job, printer, tell
        self._awaited: dict[int, int] = {}
        self._weight_done = 0
        self._percent, self._told = 0, 0.0
        self._handed: set[str] = set()
        self._last = 0
        self.total = 0

    def draw_pieces(self) -> None:
        """All but the front. The printer draws the first while the next are composed."""
        self._hand(messages.NUMBERS, LETTERS_AS_HTML, 0)
        for number, piece in enumerate(self._report.pieces(), 1):
            self._last = number
            self._hand(number, piece.html, piece.weight)
            self._listen(0)
        while self._awaited:
            self._listen(BETWEEN_TELLS)
        self._reach(PIECES)

    def draw_front(self) -> None:
        """Which page each id stands on is known when it is known how many pages come before: two, it is said."""
        expected = FRONT_PAGES
        for _ in range(TRIES):
            pages, total = self._pages(expected)
            self._hand(messages.FRONT, self._report.front(pages, total).html, 1)
            while self._awaited:
                self._listen(BETWEEN_TELLS)
            drawn = self._note(messages.FRONT)["pages"]
            self.total = total - expected + drawn
            if drawn == expected:
                break
            expected = drawn
        self._reach(FRONT)

    def join(self) -> None:
        description = {**asdict(self._report.description)}
        pieces = [messages.FRONT, *range(1, self._last + 1)]
        self._awaited[messages.JOINING] = 0
        self._printer.send({"join": {"pieces": pieces, "description": description}})
        while self._awaited:
            self._listen(BETWEEN_TELLS)

    def _hand(self, number: int, html: str, weight: int) -> None:
        (self._job / f"{number}.html").write_text(html, encoding="utf-8", errors="replace")
        new = {name: str(path.resolve()) for name, path in self._report.images.items() if name not in self._handed}
        if new:
            self._handed.update(new)
            self._printer.send({"images": new})
        self._awaited[number] = weight
        self._printer.send({"draw": number, "weight": weight})

    def _listen(self, seconds: float) -> None:
        for message in self._printer.heard(seconds):
            if "failed" in message:
                raise PrintingFailed(message["failed"])
            self._weight_done += self._awaited.pop(message["done"])
        self._reach(min(PIECES, PIECES * self._weight_done // max(1, self._report.weight)))

    def _reach(self, percent: int) -> None:
        """Tells of progress, and of none from time to time."""
        now = time.monotonic()
        if percent > self._percent or now - self._told >= BETWEEN_TELLS:
            self._percent, self._told = max(percent, self._percent), now
            self._tell(self._percent)

    def _pages(self, before: int) -> tuple[dict[str, int], int]:
        found: dict[str, int] = {}
        for number in range(1, self._last + 1):
            note = self._note(number)
            for name, (page, *_) in note["places"].items():
                found.setdefault(name, before + page + 1)
            before += note["pages"]
        return found, before

    def _note(self, number: int) -> dict[str, Any]:
        note: dict[str, Any] = json.loads(_own(self._job / f"{number}.json"))
        return note


def _own(path: Path) -> bytes:
    """What a child has written there itself; it may have been led astray, and no link of its making is followed."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise not_drawn("the printer left no file")
        return opened.read()


def _brought(made: Path, path: Path, pages: int, limits: Limits) -> Printed:
    content = _own(made)
    if len(content) > limits.size:
        raise too_large(limits)
    made.replace(path)
    return Printed(path, pages, len(content), hashlib.sha256(content).hexdigest())
