"""Log files of the children, one per child under DATA_DIR/logs, kept to a size."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import IO

from portal.servers.problems import file_problem

LARGEST = 20 * 1024 * 1024
KEPT = 3


def log_path(data_dir: Path, name: str) -> Path:
    """The log file of one child."""
    return data_dir / "logs" / f"{name}.log"


def open_log(data_dir: Path, name: str) -> IO[bytes]:
    """The child's log, opened for appending; what has grown too large is put aside first."""
    path = log_path(data_dir, name)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        put_aside(path)
        return open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab", buffering=0)
    except OSError as problem:
        raise file_problem(problem, f"write the log {path}") from None


def put_aside(path: Path) -> None:
    """Turns a log that has grown too large into `<name>.log.1`, keeping three old ones.

    It is copied and emptied rather than renamed, because a running child goes on writing to the file it has open.
    """
    if not path.exists() or path.stat().st_size < LARGEST:
        return
    for number in range(KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    shutil.copy2(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)


def last_words(path: Path, start: int = 0) -> str:
    """The last line of a log that tells of a failure, written since position `start`; the last line if none does."""
    try:
        with path.open("rb") as file:
            file.seek(max(start, path.stat().st_size - 16 * 1024))
            lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except OSError:
        return ""
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror", "Bad file"))]
    return _in_words((telling or lines or [""])[-1])


def _in_words(line: str) -> str:
    """What one of the portal's own lines says (portal/logs.py); others as they are."""
    try:
        said = json.loads(line)
        return ": ".join(str(said[name]) for name in ("event", "error", "message") if name in said)
    except (ValueError, TypeError):
        return line
