"""What `make up` says: short, calm lines, and nothing that can fail because the terminal is gone."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO


class Terminal:
    """Lines of progress for a person who watches a start."""

    def __init__(self, stream: TextIO | None = None, errors: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._errors = errors or sys.stderr
        self._line_open = False

    def say(self, text: str = "") -> None:
        """One line, after whatever line was left open."""
        self._write(("\n" if self._line_open and text else "") + text + "\n")
        self._line_open = False

    def complain(self, text: str) -> None:
        """One sentence about why it does not go on, where errors are expected."""
        if self._line_open:
            self.say()
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self._errors, flush=True)

    @contextlib.contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """`what`, while the body runs, then the seconds it took on the same line."""
        started = time.monotonic()
        self._write(f"  {what} ... ")
        self._line_open = True
        yield
        if self._line_open:
            self._write(f"{time.monotonic() - started:.1f} s\n")
            self._line_open = False

    def _write(self, text: str) -> None:
        # A closed terminal or a reader that went away must not stop the portal.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()
