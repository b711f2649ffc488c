"""The caller's end of a printer: it is started, spoken to, watched and, whatever happens, ended."""

# ruff: noqa: S603 - it starts this Python, never text from outside

from __future__ import annotations

import compileall
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from exports.printing import memory, messages
from exports.printing.limits import Limits, not_drawn, too_long, too_much_memory

ROOT = Path(__file__).resolve().parent.parent.parent
START = "import sys; sys.path.append(sys.argv[1]); from exports.printing.printer import main; main(sys.argv[2:])"
KEPT = (
    *("FONTCONFIG_FILE", "FONTCONFIG_PATH", "FONTCONFIG_SYSROOT", "HOME", "LD_LIBRARY_PATH"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
)
"""Of the environment: where fonts are and where they were listed. Nothing else of it is the printer's business."""
BETWEEN_LOOKS = 0.5
ERRORS, MOST_OF_ERRORS = "errors.txt", 2000

logger = logging.getLogger(__name__)


@cache
def _compile() -> None:
    """What only a printer brings in would be compiled for each report: it may write nothing beside the code, which is
    where Python keeps what it has compiled. Where the caller may not either, that is how it stays."""
    compileall.compile_dir(Path(__file__).parent, quiet=2)


class PrinterProcess:
    """A printer at work, as a context: when it is left, no process of it is left."""

    def __init__(self, job: Path, assets: Path, limits: Limits) -> None:
        _compile()
        self._limits = limits
        self._until = time.monotonic() + limits.seconds
        self._looked = 0.0
        self._lines = messages.Lines()
        self._unsent = bytearray()
        variables = {name: os.environ[name] for name in KEPT if name in os.environ}
        self._folder = job
        self._errors = (job / ERRORS).open("wb")
        # Isolated: no variables, no folder of the caller's; nothing is written beside the code.
        command = (sys.executable, "-I", "-B", "-c", START, str(ROOT))
        self._process = subprocess.Popen(
            [*command, str(job), str(assets), str(os.getpid()), messages.limits_as_text(limits)],
            cwd=job,
            env={**variables, "LANG": "C.UTF-8", "TMPDIR": str(job)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            process_group=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        self._events = selectors.DefaultSelector()
        self._events.register(self._from, selectors.EVENT_READ)

    def __enter__(self) -> PrinterProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Its number is its own until it has been waited for, so that no other group can be meant.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._events.close()
        if kind is not None:
            logger.warning("Printing ended: %s %s", value, self.errors())
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def errors(self) -> str:
        """What the printer and its children have complained of, for those who look after the portal."""
        with self._folder.joinpath(ERRORS).open("rb") as file:
            return file.read(MOST_OF_ERRORS).decode(errors="replace")

    def send(self, message: dict[str, Any]) -> None:
        """Said when the printer listens: it may still be starting."""
        self._unsent += messages.line(message)

    def heard(self, seconds: float) -> Iterator[dict[str, Any]]:
        """What the printer says within so many seconds; raises when it has broken its limits or is gone."""
        self._watch()
        self._say()
        for key, ready in self._events.select(min(seconds, max(0.0, self._until - time.monotonic()))):
            if key.fd == self._to and ready & selectors.EVENT_WRITE:
                self._say()
            elif key.fd == self._from:
                told = os.read(self._from, 65536)
                if not told:
                    raise self._gone()
                yield from self._lines.read(told)

    def _say(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: os.write(self._to, self._unsent)]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            raise self._gone() from None
        waiting = self._to in self._events.get_map()
        if self._unsent and not waiting:
            self._events.register(self._to, selectors.EVENT_WRITE)
        elif not self._unsent and waiting:
            self._events.unregister(self._to)

    def _watch(self) -> None:
        now = time.monotonic()
        if now >= self._until:
            raise too_long(self._limits)
        if now - self._looked >= BETWEEN_LOOKS:
            self._looked = now
            if memory.held_by(self._process.pid) > self._limits.memory:
                raise too_much_memory(self._limits)

    def _gone(self) -> Exception:
        self._process.wait()
        if self._process.returncode == -signal.SIGKILL:
            return too_much_memory(self._limits)
        return not_drawn("the printer could not be started or ended early")
