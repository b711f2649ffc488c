"""A report that asks for too much ends with a reason, and nothing of it goes on: no process, no file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from exports.printing import Limits, PrintingFailed, process
from exports.printing.limits import MEGABYTE
from exports.rendering import missing_for_pdf
from portal.environment import REPOSITORY
from tests.exports.printed import SmallReport, printed, whole

pytestmark = pytest.mark.skipif(bool(missing_for_pdf()), reason=missing_for_pdf() or "-")

MANY_CELLS = "<table>" + "<tr><td>a<td>b<td>c<td>d" * 4_000 + "</table>"
SLOW = "".join('<div style="display: flex">' for _ in range(11)) + "a"
WITHIN = 40.0
"""Seconds, on a machine with much else to do; what is stopped would take longer than a minute."""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The printers that a test has started; none of their groups has a process left when it ends."""
    groups: list[int] = []
    popen = subprocess.Popen

    def noted(*arguments: Any, **named: Any) -> Any:
        begun = popen(*arguments, **named)
        groups.append(begun.pid)
        return begun

    monkeypatch.setattr(process.subprocess, "Popen", noted)
    yield groups
    assert groups
    assert wait_for(lambda: not any(alive(group) for group in groups), 3.0)


def fails(report: SmallReport, job: Path, *, limits: Limits, reason: str) -> None:
    """Within a time that shows that nobody waited for the work to end."""
    begun = time.monotonic()
    with pytest.raises(PrintingFailed, match=reason) as failed:
        printed(report, job, limits=limits)
    assert failed.value.reason == str(failed.value)
    assert time.monotonic() - begun < WITHIN
    assert list(job.iterdir()) == []


def test_a_hog_of_memory_is_stopped(started: list[int], tmp_path: Path) -> None:
    fails(
        SmallReport([whole(MANY_CELLS)]),
        tmp_path / "job",
        limits=Limits(memory=110 * MEGABYTE, seconds=60),
        reason="needs more than 110 MB of memory; leave out parts",
    )


def test_many_that_are_modest_are_too_much_together(started: list[int], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(process.memory, "held_by", lambda number: 2000 * MEGABYTE)
    fails(SmallReport([whole("a")]), tmp_path / "job", limits=Limits(), reason="more than 1,024 MB of memory")


def test_a_hog_of_time_is_stopped_by_the_clock(started: list[int], tmp_path: Path) -> None:
    fails(
        SmallReport([whole(SLOW), whole("quick")]),
        tmp_path / "job",
        limits=Limits(seconds=2),
        reason="took longer than 2 s",
    )


def test_endless_nesting_is_not_drawn(started: list[int], tmp_path: Path) -> None:
    fails(
        SmallReport([whole("<div>" * 400 + "a")]),
        tmp_path / "job",
        limits=Limits(seconds=60),
        reason="nested too deeply",
    )


def test_a_huge_file_is_not_kept(started: list[int], tmp_path: Path) -> None:
    words = "".join(f"<p>{number * 7919} {number * 104729}" for number in range(1_500))
    fails(
        SmallReport([whole(words)]),
        tmp_path / "job",
        limits=Limits(size=40 * 1024, seconds=60),
        reason="larger than 1 MB",
    )


def test_what_tell_raises_stops_it_at_once(started: list[int], tmp_path: Path) -> None:
    class LeaseLost(Exception):
        pass

    def lost(percent: int) -> None:
        if started and children_of(started[0]):
            raise LeaseLost

    begun = time.monotonic()
    with pytest.raises(LeaseLost):
        printed(SmallReport([whole(SLOW)]), tmp_path / "job", tell=lost)
    assert time.monotonic() - begun < WITHIN
    assert list((tmp_path / "job").iterdir()) == []


def test_it_tells_of_progress_and_of_none(started: list[int], tmp_path: Path) -> None:
    told: list[tuple[float, int]] = []
    report = SmallReport([whole("<p>a</p>" * 100)] * 3)
    printed(report, tmp_path / "job", tell=lambda percent: told.append((time.monotonic(), percent)))
    percents = [percent for _, percent in told]
    assert percents == sorted(percents)
    assert percents[0] == 0 and percents[-1] >= 95
    assert {30, 60} <= set(percents)
    assert max(after - before for (before, _), (after, _) in pairwise(told)) < 2.0


def test_what_a_piece_raises_goes_up(started: list[int], tmp_path: Path) -> None:
    class Broken(SmallReport):
        def pieces(self) -> Any:
            yield from super().pieces()
            raise LookupError("gone meanwhile")

    with pytest.raises(LookupError, match="gone meanwhile"):
        printed(Broken([whole("a")]), tmp_path / "job")
    assert list((tmp_path / "job").iterdir()) == []


def test_a_printer_that_is_killed_is_a_failure(started: list[int], tmp_path: Path) -> None:
    def kill(percent: int) -> None:
        if started:
            os.kill(started[0], signal.SIGKILL)

    with pytest.raises(PrintingFailed):
        printed(SmallReport([whole(SLOW)]), tmp_path / "job", tell=kill)


CALLER = """
import sys
from itertools import pairwise
from pathlib import Path
from exports.printing import Limits, print_report
from tests.exports.printed import SmallReport, ignore
from tests.exports.test_printing_limits import SLOW, whole
print_report(SmallReport([whole(SLOW), whole(SLOW)]), Path(sys.argv[1]), limits=Limits(), tell=ignore)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a printer ends when it next listens")
def test_a_caller_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    caller = subprocess.Popen([sys.executable, "-c", CALLER, str(tmp_path)], cwd=REPOSITORY)
    try:
        assert wait_for(lambda: len(children_of(caller.pid)) >= 2, WITHIN)
        family = psutil.Process(caller.pid).children(recursive=True)
    finally:
        caller.kill()
        caller.wait()
    assert wait_for(lambda: not any(running(one) for one in family), 3.0)


def children_of(process: int) -> list[psutil.Process]:
    """A printer's children, or a caller's printer and its children."""
    try:
        return psutil.Process(process).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def running(one: psutil.Process) -> bool:
    try:
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def alive(group: int) -> bool:
    """Whether a process of this group is left that works; a zombie that nobody has waited for does not."""
    for one in psutil.process_iter():
        try:
            if os.getpgid(one.pid) == group and one.status() != psutil.STATUS_ZOMBIE:
                return True
        except (OSError, psutil.NoSuchProcess):
            continue
    return False


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
