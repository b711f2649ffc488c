"""The printer: a process of its own that draws the pieces of one report, several at a time, and joins them.

It is started with nothing of the portal's: no environment, no Django, no database. It brings WeasyPrint in once and
forks a child for each piece, which has it from the start. It is spoken to in lines of JSON (`messages.py`).
"""

from __future__ import annotations

import gc
import heapq
import os
import selectors
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from exports.printing import endings, messages
from exports.printing.confinement import Confinement, die_with, leave_network, limit
from exports.printing.limits import Limits

CALLER, OUT = 0, 1
AFTER_PAGES = 19
"""How far reports stand back when people wait for pages of the same machine."""


class Printer:
    """Waits for what the caller asks and for its children, whichever comes first."""

    def __init__(self, job: Path, limits: Limits, confinement: Confinement, studio: Any) -> None:
        self._job, self._limits, self._confinement, self._studio = job, limits, confinement, studio
        self._waiting: list[tuple[int, int]] = []
        self._images: dict[str, str] = {}
        self._children: dict[int, tuple[int, int]] = {}
        self._lines = messages.Lines()
        self._events = selectors.DefaultSelector()
        self._events.register(CALLER, selectors.EVENT_READ)
        self._ready_to_join = False

    def work(self) -> None:
        """Until the caller closes its end."""
        while True:
            for key, _ in self._events.select():
                if key.fd == CALLER:
                    if not (told := os.read(CALLER, 65536)):
                        return
                    for message in self._lines.read(told):
                        self._heed(message)
                else:
                    self._ended(key.fd)
            self._start_waiting()
            if self._children and not self._ready_to_join:
                self._studio.prepare_joining()
                self._ready_to_join = True

    def _heed(self, message: dict[str, Any]) -> None:
        if "images" in message:
            self._images.update(message["images"])
            self._confinement.allow(message["images"].values())
        if "draw" in message:
            # The heaviest first: what is begun last should be short.
            heapq.heappush(self._waiting, (-message["weight"], message["draw"]))
        if "join" in message:
            self._start(messages.JOINING, partial(self._studio.join, self._job, message["join"]))

    def _start_waiting(self) -> None:
        while self._waiting and len(self._children) < self._limits.children:
            _, number = heapq.heappop(self._waiting)
            self._start(number, partial(self._studio.draw, self._job, number, self._images))

    def _start(self, number: int, work: Callable[[], None]) -> None:
        """Forks a child, and notices its end by the pipe that closes with it."""
        end, held = os.pipe()
        printer = os.getpid()
        child = os.fork()
        if child == 0:
            die_with(printer)
            os.close(CALLER)
            os.close(OUT)
            os.close(end)
            self._confinement.in_child()
            limit(memory=self._limits.memory, size=self._limits.size, seconds=self._limits.seconds)
            os._exit(endings.run(work))
        os.close(held)
        self._children[end] = (child, number)
        self._events.register(end, selectors.EVENT_READ)

    def _ended(self, end: int) -> None:
        child, number = self._children.pop(end)
        self._events.unregister(end)
        os.close(end)
        _, status, usage = os.wait4(child, 0)
        kilobytes = usage.ru_maxrss
        if problem := endings.failure(status, kilobytes, self._limits):
            self._tell({"failed": problem.reason})
        else:
            self._tell({"done": number})

    def _tell(self, message: dict[str, Any]) -> None:
        os.write(OUT, messages.line(message))

    def end(self) -> None:
        for child, _ in self._children.values():
            os.kill(child, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """`job assets caller limits`: the folder of the job, that of the packaged files, who started it, and the limits."""
    job, assets, caller = Path(arguments[0]), Path(arguments[1]), int(arguments[2])
    limits = messages.limits(arguments[3])
    die_with(caller)
    os.nice(AFTER_PAGES)
    # Collecting would cost a tenth of the time, and copy what the children share with the printer.
    gc.disable()
    # What the children need is brought in once, before anything is read that came from outside.
    from exports.printing.studio import Studio

    studio = Studio(assets)
    leave_network()
    die_with(caller)
    confinement = Confinement(job, assets)
    confinement.hold()
    printer = Printer(job, limits, confinement, studio)
    code = endings.run(printer.work)
    printer.end()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
