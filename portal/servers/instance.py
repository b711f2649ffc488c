"""The embedded servers of one data folder, for whoever needs a database: the portal, one command, or a test run."""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from portal.environment import REPOSITORY, Environment, load_environment
from portal.servers.addresses import APPLICATION_ROLE, OWNER_ROLE
from portal.servers.data_folder import DataFolder, in_use, make_data_folder
from portal.servers.postgres import EmbeddedPostgres
from portal.servers.problems import CannotStart
from portal.servers.processes import Pause, end
from portal.servers.redis import EmbeddedRedis
from portal.servers.sockets import remove_socket_folder

MANAGE = (sys.executable, str(REPOSITORY / "manage.py"))

# Connections beyond one per web and worker process: commands, migrations, an administrator's psql.
SPARE_CONNECTIONS = 60

LONGEST_WAIT = 120.0


class Instance:
    """The embedded servers that the settings leave to us; none where both addresses are given."""

    def __init__(
        self, environment: Environment, *, durable: bool = True, spare_connections: int = SPARE_CONNECTIONS
    ) -> None:
        self.environment = environment
        data_dir = environment.data_dir
        self.folder = DataFolder(data_dir)
        self.postgres: EmbeddedPostgres | None = None
        self.redis: EmbeddedRedis | None = None
        if environment.database_url is None:
            connections = environment.web_processes + environment.worker_processes + spare_connections
            self.postgres = EmbeddedPostgres(data_dir, durable=durable, connections=connections)
        if environment.redis_url is None:
            self.redis = EmbeddedRedis(data_dir, durable=durable)
        self.running: list[tuple[EmbeddedPostgres | EmbeddedRedis, subprocess.Popen[bytes]]] = []

    @property
    def servers(self) -> list[EmbeddedPostgres | EmbeddedRedis]:
        """The servers to run, in the order of their start."""
        return [server for server in (self.postgres, self.redis) if server is not None]

    def variables(self, *, owner: bool) -> dict[str, str]:
        """What a child or command finds the embedded servers by; the owner's address only where it is needed."""
        found: dict[str, str] = {}
        if self.postgres is not None:
            found["DATABASE_URL"] = self.postgres.url(APPLICATION_ROLE)
            if owner:
                found["DATABASE_OWNER_URL"] = self.postgres.url(OWNER_ROLE)
        if self.redis is not None:
            found["REDIS_URL"] = self.redis.url()
        return found

    def start(self, pause: Pause) -> None:
        """Starts the servers and waits until they answer; for the host of the data folder only."""
        for server in self.servers:
            server.clear_remains(pause)
            server.prepare(pause)
            self.running.append((server, server.start()))
        for server, process in self.running:
            server.wait_until_ready(process, pause)
        if self.postgres is not None:
            self.postgres.provide()

    def stop(self) -> None:
        """Stops the servers that were started, the last one first."""
        while self.running:
            server, process = self.running.pop()
            end(process, server.stop_signal, 60.0)
        remove_socket_folder(self.environment.data_dir)

    def answers(self) -> bool:
        """Whether all servers take connections now."""
        return all(server.answers() for server in self.servers)


@contextlib.contextmanager
def connected(environment: Environment, *, purpose: str = "a command", pause: Pause = time.sleep) -> Iterator[None]:
    """Has the servers at hand while the body runs, with their addresses in the environment variables.

    Nothing is started where both addresses are given. Otherwise the running servers of the data folder are used, be
    they those of `make up` or of another command; where none run, they are started and stopped again. Django's settings
    must not be loaded before.
    """
    instance = Instance(environment)
    if not instance.servers:
        yield
        return
    make_data_folder(environment.data_dir)
    with contextlib.ExitStack() as stack:
        _join_or_host(instance, stack, purpose, pause)
        with _exported(instance.variables(owner=True)):
            yield


def _join_or_host(instance: Instance, stack: contextlib.ExitStack, purpose: str, pause: Pause) -> None:
    """Becomes a guest of running servers or the host of new ones."""
    deadline = time.monotonic() + LONGEST_WAIT
    folder = instance.folder
    while True:
        if folder.become_host(purpose):
            stack.callback(folder.release)
            stack.callback(instance.stop)
            stack.callback(_wait_for_guests, folder, pause)
            instance.start(pause)
            if instance.postgres and instance.postgres.is_empty():
                _migrate(instance)
            folder.open_to_guests()
            return
        visit = contextlib.ExitStack()
        if visit.enter_context(folder.as_guest()) and folder.host().ready and instance.answers():
            stack.push(visit.pop_all())
            return
        visit.close()
        if time.monotonic() > deadline:
            raise in_use(folder.host())
        pause(0.1)


def _wait_for_guests(folder: DataFolder, pause: Pause) -> None:
    started, told = time.monotonic(), False
    while not folder.no_guests_left():
        if not told and time.monotonic() - started > 1:
            print("Waiting for another command that uses the database.", file=sys.stderr)
            told = True
        pause(0.1)


def _migrate(instance: Instance) -> None:
    """Sets up a database nobody has used yet, so that any command works in an empty data folder."""
    print("Setting up a new database.", file=sys.stderr)
    variables = {**os.environ, **instance.variables(owner=True)}
    command = [*MANAGE, "migrate", "--database=owner", "--verbosity=0"]
    if subprocess.run(command, check=False, env=variables, cwd=REPOSITORY).returncode != 0:
        raise CannotStart("The new database could not be set up; the reason stands above.")


@contextlib.contextmanager
def _exported(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables in this process's environment, until the body ends."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    load_environment.cache_clear()
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        load_environment.cache_clear()
