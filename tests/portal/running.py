"""A real `manage.py up` in a process of its own, on a data folder and a port of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from portal.environment import REPOSITORY
from portal.servers.processes import of_data_folder

STARTS_WITHIN = 90.0


def free_port() -> int:
    """A port below the range the system hands out by itself, so that nobody takes it meanwhile."""
    for port in range(18_400 + os.getpid() % 1_000, 30_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


class Portal:
    """One portal under test."""

    def __init__(self, data_dir: Path, port: int | None = None, **variables: str) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port or free_port()
        self.variables = variables
        self.process: subprocess.Popen[str] | None = None
        self.printed = data_dir.with_name(f"{data_dir.name}.printed")

    def environment(self) -> dict[str, str]:
        """Only what a person at a terminal would have, and not the test run's own servers."""
        ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        settings = {
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "DEMO": "0",
            "WEB_PROCESSES": "1",
            "WORKER_PROCESSES": "1",
        }
        return {**kept, **settings, **self.variables}

    def manage(self, *arguments: str, seconds: float = STARTS_WITHIN) -> subprocess.CompletedProcess[str]:
        """Another manage.py command with the same settings, run to its end."""
        command = [sys.executable, str(REPOSITORY / "manage.py"), *arguments]
        return subprocess.run(
            command, check=False, env=self.environment(), capture_output=True, text=True, timeout=seconds
        )

    def start(self) -> Portal:
        """Starts it, without waiting."""
        with self.printed.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(REPOSITORY / "manage.py"), "up"],
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        return self

    def wait_until_running(self) -> Portal:
        """Waits for the final block that `make up` prints."""
        deadline = time.monotonic() + STARTS_WITHIN
        while "Watchfloor is running" not in self.said():
            assert self.process and self.process.poll() is None, self.said() + self.logs()
            assert time.monotonic() < deadline, self.said() + self.logs()
            time.sleep(0.05)
        return self

    def said(self) -> str:
        """What it has printed so far."""
        return self.printed.read_text()

    def logs(self) -> str:
        """The ends of all logs, for a test that fails."""
        paths = sorted((self.data_dir / "logs").glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in paths)

    def status(self, path: str, seconds: float = 5.0) -> int:
        """HTTP status for a path, 0 for no answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=seconds) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as problem:
            return problem.code
        except OSError:
            return 0

    def wait_for_status(self, path: str, status: int = 200, seconds: float = 30.0) -> float:
        """Waits until a path answers with a status; the seconds it took."""
        started = time.monotonic()
        while (found := self.status(path)) != status:
            assert time.monotonic() - started < seconds, f"{path} gives {found}\n{self.said()}\n{self.logs()}"
            time.sleep(0.1)
        return time.monotonic() - started

    def children(self) -> list[psutil.Process]:
        """Every process that works for this data folder, other than the supervisor."""
        return [process for process in of_data_folder(self.data_dir) if process.pid != self.pid]

    def child(self, name: str) -> psutil.Process:
        """The supervisor's child whose name or command line holds a word; one that was ended is waited for."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for process in psutil.Process(self.pid).children():
                with contextlib.suppress(psutil.NoSuchProcess):  # it ends while it is looked at
                    if name in process.name() or name in process.cmdline():
                        return process
            time.sleep(0.1)
        raise AssertionError(f"no child {name}: {self.children()}")

    @property
    def pid(self) -> int:
        """Process number of the supervisor."""
        assert self.process
        return self.process.pid

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """Asks it to stop and waits; the seconds it took."""
        assert self.process
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(sign)
        self.process.wait(timeout=30)
        return time.monotonic() - started

    def kill(self) -> None:
        """Ends it without a chance to clear up."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def clear(self) -> None:
        """Leaves nothing behind, whatever state a failed test left it in."""
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        for process in self.children():
            process.kill()


def sign_in(said: str) -> list[str]:
    """The line that tells how to sign in for the first time."""
    return [line for line in said.splitlines() if line.strip().startswith("Sign in")]


def checks(portal: Portal) -> dict[str, dict[str, str]]:
    """The checks of /readyz."""
    with urllib.request.urlopen(f"http://127.0.0.1:{portal.port}/readyz", timeout=10) as answer:
        return dict(json.load(answer)["checks"])
