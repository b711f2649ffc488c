"""`make up`: everything Watchfloor needs on one machine, in the foreground, until it is asked to stop.

The order of the start is the order of need: database and queue, migrations, first-start steps, then web, worker and
scheduler. They stop from the outside in. A child that dies is started again; one that keeps dying ends the whole.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from portal.environment import Environment
from portal.servers import ports
from portal.servers.data_folder import already_running, empty_temporary_folder, in_use, make_data_folder
from portal.servers.instance import Instance
from portal.servers.logs import put_aside
from portal.servers.postgres import EmbeddedPostgres
from portal.servers.problems import CannotStart
from portal.servers.processes import kill_group, of_data_folder, stop_orphans
from portal.servers.programs import programs
from portal.servers.redis import EmbeddedRedis
from portal.servers.sockets import remove_socket_folder
from portal.servers.steps import Step, first_steps, run_step
from portal.servers.terminal import Terminal

PURPOSE = "make up"

DEATHS_ALLOWED = 5
DEATHS_COUNTED_SECONDS = 60.0
LONGEST_DELAY = 8.0

# Seconds each may take to stop when asked; together less than the ten that `make up` promises.
PATIENCE = {"web": 2.5, "worker": 2.0, "scheduler": 1.0, "redis": 1.0}
LONGEST_STOP = 9.0
HURRIED_PATIENCE = 0.5

WEB_STARTS_WITHIN = 90.0
WAIT_FOR_COMMAND = 60.0
LOG_CHECK_SECONDS = 60.0


class StopRequested(BaseException):
    """Somebody asked the supervisor to stop; not an error, so it is no Exception."""


class Startable(Protocol):
    """What the supervisor can keep running: an embedded server or a program of the portal."""

    name: str
    title: str
    stop_signal: signal.Signals
    hurried_signal: signal.Signals

    def start(self) -> subprocess.Popen[bytes]: ...


class Child:
    """Something that is kept running, and the record of its deaths."""

    def __init__(self, what: Startable, process: subprocess.Popen[bytes] | None = None) -> None:
        self.what = what
        self.process = process
        self.deaths: deque[float] = deque()
        self.start_again_at: float | None = None

    def start(self) -> None:
        """Starts it, for the first time or again."""
        self.process = self.what.start()
        self.start_again_at = None

    def note_death(self) -> float:
        """Counts a death; the seconds until the next start, or CannotStart when it was one death too many."""
        now = time.monotonic()
        while self.deaths and now - self.deaths[0] > DEATHS_COUNTED_SECONDS:
            self.deaths.popleft()
        self.deaths.append(now)
        if len(self.deaths) >= DEATHS_ALLOWED:
            raise CannotStart(
                f"{self.what.title} stopped {DEATHS_ALLOWED} times within a minute, so Watchfloor stops; the reason is "
                f"at the end of {getattr(self.what, 'log', 'its log')}."
            )
        delay = min(LONGEST_DELAY, 0.25 * 2 ** (len(self.deaths) - 1))
        self.start_again_at = now + delay
        return delay


class Signals:
    """Requests to stop, noticed where the supervisor waits and nowhere else."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0
        self._reader, self._writer = os.pipe()
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)
        self._events = select.poll()
        self._events.register(self._reader, select.POLLIN)

    def install(self) -> None:
        """Listens to Ctrl-C, a request to end, and a closed terminal unless that is to be ignored (nohup)."""
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self._noticed)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._noticed)
            if os.isatty(0):
                # The signal goes to the first process of the terminal; where that is make, it is not passed on.
                self._events.register(0, 0)

    def _noticed(self, number: int, frame: FrameType | None) -> None:
        # A closing terminal tells more than once in an instant; only a person's second request means hurry.
        if time.monotonic() - self.last > 0.5:
            self.count += 1
        self.last = time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits, but no longer than until the next signal or the death of a child."""
        for descriptor, _ in self._events.poll(max(0.0, seconds) * 1000):
            if descriptor == self._reader:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._reader, 4096)
            else:
                self._events.unregister(descriptor)
                self._noticed(signal.SIGHUP, None)


class Supervisor:
    """One run of `make up`, from the first check to the last child's end."""

    def __init__(
        self,
        environment: Environment,
        *,
        steps: Sequence[Step] | None = None,
        terminal: Terminal | None = None,
    ) -> None:
        self.environment = environment
        self.instance = Instance(environment)
        self.terminal = terminal or Terminal()
        self.signals = Signals()
        has_owner = self.instance.postgres is not None or environment.database_owner_url is not None
        self.steps = first_steps(environment, has_owner=has_owner) if steps is None else steps
        self.children: list[Child] = []
        self.sign_ins: list[dict[str, str]] = []
        self.started = time.monotonic()

    def run(self) -> int:
        """Runs until it is asked to stop or cannot go on; the exit code of the command."""
        self.signals.install()
        _allow_many_files()
        code = 0
        try:
            self._start()
            self._watch()
        except StopRequested:
            self.terminal.say("\nStopping.")
        except CannotStart as problem:
            self.terminal.complain(str(problem))
            code = 1
        finally:
            self._show_sign_ins()
            self._stop()
        if code == 0:
            self.terminal.say("Watchfloor has stopped.")
        return code

    def pause(self, seconds: float) -> None:
        """Waits; StopRequested as soon as somebody asks."""
        if not self.signals.count:
            self.signals.sleep(seconds)
        if self.signals.count:
            raise StopRequested

    # --- start ----------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        environment, say = self.environment, self.terminal.say
        make_data_folder(environment.data_dir)
        host = ports.resolved_host(environment)
        address = ports.address(host, environment.port)
        self._become_host(address)
        stop_orphans(lambda: of_data_folder(environment.data_dir), self.pause)
        for server in self.instance.servers:
            server.clear_remains(self.pause)
        ports.check_free(host, environment.port)
        empty_temporary_folder(environment.data_dir, keep=True)
        say("Starting Watchfloor. Ctrl-C stops it.")
        for server in self.instance.servers:
            self._start_server(server)
        self._take_steps()
        self.instance.folder.open_to_guests()
        with self.terminal.doing("Starting web, worker and scheduler"):
            (environment.data_dir / "scheduler").mkdir(mode=0o700, exist_ok=True)
            for program in programs(environment, host, self.instance.variables(owner=False)):
                child = Child(program)
                child.start()
                self.children.append(child)
            self._wait_for_web(host)
        self._announce(address)

    def _become_host(self, address: str) -> None:
        folder, deadline, told = self.instance.folder, time.monotonic() + WAIT_FOR_COMMAND, False
        while not folder.become_host(PURPOSE, address):
            holder = folder.host()
            if holder.purpose == PURPOSE:
                raise already_running(holder)
            if time.monotonic() > deadline:
                raise in_use(holder)
            if not told:
                self.terminal.say(f"Waiting for {holder} to end, because it uses this data folder.")
                told = True
            self.pause(0.2)

    def _start_server(self, server: EmbeddedPostgres | EmbeddedRedis) -> None:
        first_time = not server.folder.exists()
        doing = f"Creating a {server.title} in {server.folder}" if first_time else f"Starting {server.title}"
        with self.terminal.doing(doing):
            server.prepare(self.pause)
            child = Child(server)
            child.start()
            self.children.append(child)
            assert child.process
            try:
                server.wait_until_ready(child.process, self.pause)
            except CannotStart:
                if not (isinstance(server, EmbeddedRedis) and server.set_damaged_file_aside()):
                    raise
                child.start()
                server.wait_until_ready(child.process, self.pause)
            if isinstance(server, EmbeddedPostgres):
                server.provide()

    def _take_steps(self) -> None:
        for step in self.steps:
            with self.terminal.doing(step.title):
                addresses = self.instance.variables(owner=True)
                printed = run_step(step, self.environment, addresses, self.pause)
            self.sign_ins += [entry for entry in printed if "username" in entry and "password" in entry]

    def _wait_for_web(self, host: str) -> None:
        deadline = time.monotonic() + WEB_STARTS_WITHIN
        while ports.status_of(self.environment, host, "/healthz") != 200:
            self._restart_the_dead()
            if time.monotonic() > deadline:
                log = self.environment.data_dir / "logs" / "web.log"
                raise CannotStart(f"The web server does not answer; the reason is at the end of {log}.")
            self.pause(0.1)

    def _announce(self, address: str) -> None:
        say, environment = self.terminal.say, self.environment
        say(f"\nWatchfloor is running ({time.monotonic() - self.started:.1f} s).\n")
        say(f"  Address   {address}")
        if environment.public_url:
            say(f"  Public    {environment.public_url}/")
        self._show_sign_ins()
        say(f"  Data      {environment.data_dir}")
        say("  Stop      Ctrl-C\n")

    def _show_sign_ins(self) -> None:
        """Shows the passwords that were made, once: also when the start fails after they were."""
        for number, entry in enumerate(self.sign_ins):
            label = "Sign in" if number == 0 else ""
            role = f"  ({entry['role']})" if entry.get("role") else ""
            self.terminal.say(f"  {label:<8}  {entry['username']} / {entry['password']}{role}")
        if self.sign_ins:
            self.terminal.say("            These passwords are shown once; keep them now.")
        self.sign_ins = []

    # --- run ------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        next_log_check = time.monotonic() + LOG_CHECK_SECONDS
        while True:
            self._restart_the_dead()
            if time.monotonic() > next_log_check:
                next_log_check = time.monotonic() + LOG_CHECK_SECONDS
                for path in (self.environment.data_dir / "logs").glob("*.log"):
                    with contextlib.suppress(OSError):
                        put_aside(path)
            waits = [child.start_again_at - time.monotonic() for child in self.children if child.start_again_at]
            self.pause(min([2.0, *waits]))

    def _restart_the_dead(self) -> None:
        for child in self.children:
            if child.start_again_at is not None:
                if time.monotonic() >= child.start_again_at:
                    self._start_again(child)
            elif child.process is not None and child.process.poll() is not None:
                kill_group(child.process)
                how = _how_it_ended(child.process.returncode)
                delay = child.note_death()
                self.terminal.say(f"{child.what.title} {how}; starting it again in {delay:.2g} s.")

    def _start_again(self, child: Child) -> None:
        try:
            if isinstance(child.what, EmbeddedPostgres | EmbeddedRedis):
                child.what.clear_remains(self.pause)
            if isinstance(child.what, EmbeddedRedis) and child.what.set_damaged_file_aside():
                self.terminal.say("The kept messages could not be read and were set aside; work is found again.")
            child.start()
        except OSError as problem:
            self.terminal.say(f"{child.what.title} could not be started ({problem.strerror}).")
            child.note_death()

    # --- stop -----------------------------------------------------------------------------------------------------

    def _stop(self) -> None:
        """Stops what runs, from the outside in, within ten seconds; sooner when asked again."""
        asked = self.signals.count
        deadline = time.monotonic() + LONGEST_STOP
        running = {child.what.name: child for child in self.children}
        for names in (("web",), ("worker", "scheduler"), ("redis",), ("postgres",)):
            group = [running[name] for name in names if name in running]
            processes = [(child, child.process) for child in group if child.process is not None]
            for child, process in processes:
                if process.poll() is None:
                    process.send_signal(child.what.stop_signal)
            left = deadline - time.monotonic()
            patience = max(PATIENCE.get(name, left) for name in names)
            self._await_end([process for _, process in processes], min(patience, left), lambda: self._hurry(asked))
            for child, process in processes:
                if process.poll() is None:
                    process.send_signal(child.what.hurried_signal)
                    self._await_end([process], HURRIED_PATIENCE, lambda: False)
                if process.poll() is None:
                    process.kill()
                kill_group(process)
                process.wait()
        if self.children:
            remove_socket_folder(self.environment.data_dir)
            empty_temporary_folder(self.environment.data_dir, keep=False)
        self.instance.folder.release()

    def _hurry(self, asked: int) -> bool:
        return self.signals.count > asked

    def _await_end(
        self, processes: Sequence[subprocess.Popen[bytes]], seconds: float, hurry: Callable[[], bool]
    ) -> None:
        deadline = time.monotonic() + max(seconds, HURRIED_PATIENCE)
        while any(process.poll() is None for process in processes):
            if time.monotonic() > deadline or hurry():
                return
            self.signals.sleep(0.05)


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was killed ({signal.Signals(-code).name})"
    return f"stopped with exit code {code}"


def _allow_many_files() -> None:
    """A slow client costs a descriptor; the usual soft limit of 1,024 would be the first thing to give way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
