"""The files of checkpoints: one for each month, only ever added to, a JSON document on each line."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from activity.checkpoints.problems import CheckpointProblem
from activity.verify_log import Checkpoint, Evidence

BLOCK = 65_536
PATIENCE = 30.0
"""Seconds that a second writer waits for the first."""


def folder() -> Path:
    """Where the files are; it may not exist yet."""
    path: Path = settings.CHECKPOINT_FOLDER
    return path


def files() -> list[Path]:
    """The files there are, oldest first."""
    return sorted(folder().glob("checkpoints-*.jsonl"))


@contextmanager
def one_writer(patience: float = PATIENCE) -> Iterator[None]:
    """Keeps other processes from writing meanwhile; raises CheckpointProblem when one goes on for too long."""
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder() / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise _cannot_write(problem) from None
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise CheckpointProblem("Another process is writing a checkpoint; try again later.") from None
                time.sleep(0.1)
        yield
    finally:
        os.close(lock)


def append(lines: Iterator[bytes], month: str) -> int:
    """Add lines to the month's file (such as 2026-11) and have them on the disk; how many there were.

    The file is opened anew each time, so that it may be moved away, and never goes back to an earlier month. A line
    that a crash cut off is left as it is, on a line of its own. Raises CheckpointProblem.
    """
    path = max([*files(), folder() / f"checkpoints-{month}.jsonl"])
    is_new = not path.exists()
    number = 0
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                _write(file, b"\n")
            for line in lines:
                _write(file, line + b"\n")
                number += 1
            os.fsync(file)
        finally:
            os.close(file)
        if is_new:
            directory = os.open(folder(), os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(directory)
            os.close(directory)
    except OSError as problem:
        raise _cannot_write(problem) from None
    return number


def newest(*, complete: bool = False) -> Checkpoint | None:
    """The last checkpoint written, without its heads; with `complete`, the last one that ends a moment."""
    for path in reversed(files()):
        for line in _from_the_end(path):
            try:
                found = Checkpoint.of(json.loads(line)["checkpoint"])
            except (ValueError, KeyError, TypeError):
                continue
            if not (complete and found.more):
                return found
    return None


def covering(incident_id: int) -> tuple[Checkpoint, int] | None:
    """The last checkpoint that tells of an incident's log, and the entry up to which it does."""
    mark = f"[{incident_id},".encode()
    for path in reversed(files()):
        for line in _from_the_end(path):
            if mark not in line:
                continue
            try:
                document = json.loads(line)
                lasts = [last for number, _, last, *_ in document["heads"] if number == incident_id]
                if lasts:
                    return Checkpoint.of(document["checkpoint"]), max(lasts)
            except (ValueError, KeyError, TypeError):
                continue
    return None


def read(evidence: Evidence, paths: list[Path] | None = None) -> None:
    """Give the lines of all files, or of those named, to the evidence; raises CheckpointProblem."""
    for path in files() if paths is None else paths:
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    evidence.read(line, f"{path.name}, line {number},")
        except OSError as problem:
            raise CheckpointProblem(f"The file of checkpoints {path} cannot be read: {problem.strerror}.") from None


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _from_the_end(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last one first."""
    with path.open("rb") as file:
        place, rest = file.seek(0, os.SEEK_END), b""
        while place:
            start = max(place - BLOCK, 0)
            file.seek(start)
            parts = (file.read(place - start) + rest).split(b"\n")
            rest, place = parts[0], start
            yield from (part for part in reversed(parts[1:]) if part)
        if rest:
            yield rest


def _cannot_write(problem: OSError) -> CheckpointProblem:
    return CheckpointProblem(
        f"No checkpoint can be written to {folder()} ({problem.strerror}); make it writable, with room on its disk."
    )
