"""The portal's own long-running programs: web, worker and scheduler, each as a command line of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portal.environment import REPOSITORY, Environment
from portal.servers.data_folder import temporary_folder
from portal.servers.logs import log_path, open_log
from portal.servers.processes import spawn

# Where the owner's address must not be seen: the running application is not the owner of its tables.
OWNER_VARIABLES = ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE")

WEB_SERVERS_LINES = Path(__file__).with_name("granian_log.json")
"""Has the web server's own lines look like all others (portal/logs.py)."""


@dataclass
class Program:
    """A child of the supervisor that is started with a command line and restarted when it dies."""

    name: str
    title: str
    command: list[str]
    data_dir: Path
    variables: Mapping[str, str] = field(repr=False)
    stop_signal: signal.Signals = signal.SIGTERM
    hurried_signal: signal.Signals = signal.SIGKILL

    @property
    def log(self) -> Path:
        """Where the program's output goes."""
        return log_path(self.data_dir, self.name)

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the program."""
        with open_log(self.data_dir, self.name) as log:
            return spawn(self.command, data_dir=self.data_dir, folder=REPOSITORY, variables=self.variables, output=log)


def web_command(environment: Environment, host: str) -> list[str]:
    """The web server: one page at a time per process, behind an edge that takes in slow clients (portal/edge.py)."""
    return [
        sys.executable,
        *("-m", "granian", "portal.asgi:application"),
        *("--interface", "asginl", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(environment.port)),
        *("--workers", str(environment.web_processes)),
        # Connections per process, idle ones included; the edge limits what they may do.
        *("--backlog", "2048", "--backpressure", "2048"),
        *("--http1-header-read-timeout", "15000"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "2"),
        *("--log-level", environment.log_level.lower(), "--log-config", str(WEB_SERVERS_LINES)),
    ]


def worker_command(environment: Environment) -> list[str]:
    """The worker: takes one message at a time per process and talks to no other worker."""
    return [
        sys.executable,
        *("-m", "celery", "--quiet", "--app", "portal", "worker"),
        *("--concurrency", str(environment.worker_processes), "--prefetch-multiplier", "1", "-O", "fair"),
        *("--without-gossip", "--without-mingle"),
        *("--loglevel", environment.log_level),
    ]


def scheduler_command(environment: Environment) -> list[str]:
    """The scheduler: sends the messages that are due; there must be one of it."""
    return [
        sys.executable,
        *("-m", "celery", "--quiet", "--app", "portal", "beat"),
        *("--schedule", str(environment.data_dir / "scheduler" / "schedule")),
        *("--loglevel", environment.log_level),
    ]


def application_variables(environment: Environment, addresses: Mapping[str, str]) -> dict[str, str]:
    """The environment of the running application: everything but the owner's address."""
    kept = {name: value for name, value in os.environ.items() if name not in OWNER_VARIABLES}
    return {**kept, **addresses, "PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary_folder(environment.data_dir))}


def programs(environment: Environment, host: str, addresses: Mapping[str, str]) -> list[Program]:
    """Web, worker and scheduler, in the order of their start and of their end."""
    variables = application_variables(environment, addresses)
    commands = {
        "web": web_command(environment, host),
        "worker": worker_command(environment),
        "scheduler": scheduler_command(environment),
    }
    return [
        Program(name, f"The {name}", command, environment.data_dir, variables) for name, command in commands.items()
    ]
