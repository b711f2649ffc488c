"""Child processes: started so that they go when their parent goes, and recognised when they outlive it anyway."""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil  # type: ignore[import-untyped]

# Set in every child; it names the data folder the child works for, so that a later start can tell its own orphans.
MARK = "WATCHFLOOR_SERVES"

# The database and the queue overwrite their environment with a title; their working folder and name tell them instead.
_SERVER_NAMES = ("postgres", "valkey-server", "redis-server")

Pause = Callable[[float], None]

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    *,
    data_dir: Path,
    folder: Path,
    variables: Mapping[str, str] | None = None,
    output: int | IO[Any] = subprocess.DEVNULL,
    errors: int | IO[Any] = subprocess.STDOUT,
    death_signal: signal.Signals = signal.SIGTERM,
    identity: Mapping[str, Any] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child in a process group of its own, so that Ctrl-C in the terminal reaches only its parent.

    The kernel sends it `death_signal` when the parent dies, however that comes about (Linux; elsewhere the next start
    clears up). `identity` are Popen's user, group and extra_groups for a server that runs under another account.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(
        list(command),
        cwd=folder,
        env={**(os.environ if variables is None else variables), MARK: str(data_dir)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        preexec_fn=tie_to_parent,
        **(identity or {}),
    )


def wait_for(process: subprocess.Popen[bytes], pause: Pause) -> int:
    """Waits for a child to end; kills it when the wait is interrupted."""
    try:
        while process.poll() is None:
            pause(0.02)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process.returncode


def end(process: subprocess.Popen[bytes], sign: signal.Signals, seconds: float) -> None:
    """Asks a child to stop, waits so long, then kills whatever is left of its process group."""
    if process.poll() is None:
        process.send_signal(sign)
        try:
            process.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            process.kill()
    kill_group(process)
    process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kills what a child has left behind in its process group.

    The group carries the child's pid. The system gives that number to nobody else while a member of the group lives,
    and where none lives there is nothing to hit except in the instant of a reuse; so members are checked for our mark.
    """
    for member in psutil.process_iter():
        try:
            if os.getpgid(member.pid) == process.pid and member.pid != process.pid and _marked(member):
                member.kill()
        except (psutil.Error, ProcessLookupError, PermissionError):
            continue


def of_data_folder(data_dir: Path) -> list[psutil.Process]:
    """Processes proven to work for this data folder, other than this one and its ancestors.

    Proof is the mark in the process's environment, or being a PostgreSQL or Valkey that works inside the folder.
    """
    kin = {process.pid for process in psutil.Process().parents()} | {os.getpid()}
    return [
        process
        for process in psutil.process_iter()
        if process.pid not in kin and (_marked(process, data_dir) or _serves_inside(process, data_dir))
    ]


def _marked(process: psutil.Process, data_dir: Path | None = None) -> bool:
    try:
        mark = process.environ().get(MARK)
    except (psutil.Error, OSError):
        return False
    return mark is not None and (data_dir is None or mark == str(data_dir))


def _serves_inside(process: psutil.Process, data_dir: Path) -> bool:
    try:
        if process.name() not in _SERVER_NAMES or "--single" in process.cmdline():
            return False
        return Path(process.cwd()).parent == data_dir
    except (psutil.Error, OSError):
        return False


def is_alive(process: psutil.Process) -> bool:
    """Whether the very process (not a later one with its number) still runs; a zombie does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def stop_orphans(find: Callable[[], list[psutil.Process]], pause: Pause, seconds: float = 10.0) -> int:
    """Ends processes a killed supervisor left behind and returns how many there were.

    Most are already on their way out, since the kernel told them; the rest are asked, and at last killed.
    """
    found = {process.pid: process for process in find() if is_alive(process)}
    total = len(found)
    started = time.monotonic()
    asked: set[int] = set()
    while found:
        late = time.monotonic() - started > seconds
        for process in found.values():
            try:
                sign = signal.SIGKILL if late else _gentle_signal(process, found.keys())
                if sign is not None and (late or process.pid not in asked):
                    process.send_signal(sign)
                    asked.add(process.pid)
            except psutil.Error:
                continue
        pause(0.1)
        found = {process.pid: process for process in find() if is_alive(process)}
        if time.monotonic() - started > seconds + 5:
            break
    return total


def _gentle_signal(process: psutil.Process, others: Collection[int]) -> signal.Signals | None:
    """The signal that asks this process to end cleanly, or None where its parent will see to it."""
    if process.name() != "postgres":
        return signal.SIGTERM
    if not process.cmdline()[0].startswith("postgres:"):
        return signal.SIGINT  # the main process: stop now, cleanly
    # The others carry a title. Without their main process they must not write any more, not even a checkpoint.
    return None if process.ppid() in others else signal.SIGQUIT
