"""The data folder as a whole: made, found usable, and worked on by one set of servers at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from portal.servers.problems import AlreadyRunning, CannotStart, file_problem


@dataclass(frozen=True)
class Holder:
    """Who runs the servers of a data folder now."""

    process: int
    purpose: str
    address: str = ""
    ready: bool = False

    def __str__(self) -> str:
        return f"{self.purpose} (process {self.process})"


def make_data_folder(data_dir: Path) -> None:
    """Makes the folder where there is none, and finds out whether it can be written."""
    try:
        # Others may pass through to what is theirs (root's database runs under another account), but not look around.
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as problem:
        raise file_problem(problem, f"write to {data_dir}") from None


def temporary_folder(data_dir: Path) -> Path:
    """Where the programs of one run keep what need not outlive them; on the disk that has room for the data."""
    return data_dir / "tmp"


def empty_temporary_folder(data_dir: Path, *, keep: bool) -> None:
    """Removes what a run left there, programs that were killed above all; `keep` leaves the folder itself."""
    folder = temporary_folder(data_dir)
    shutil.rmtree(folder, ignore_errors=True)
    if keep:
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as problem:
            raise file_problem(problem, f"make the folder {folder}") from None


class Lock:
    """A file lock that the system releases when its process ends, however that comes about."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Takes the lock if it is free now; with `shared`, together with others that share it."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise file_problem(problem, f"open {self.path}") from None
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def give_back(self) -> None:
        """Releases the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def write(self, holder: Holder) -> None:
        """Notes who holds the lock, for those who find it taken."""
        assert self._file is not None
        # Padded rather than truncated: a reader never finds the file empty.
        os.pwrite(self._file, json.dumps(asdict(holder)).ljust(500).encode(), 0)

    def holder(self) -> Holder | None:
        """Who holds the lock; None in the instant before they have written it."""
        try:
            return Holder(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


class DataFolder:
    """The two locks of a data folder.

    The host is the one process that runs its servers. Guests are commands that use the servers of the host; a host that
    is itself only a command waits for them before it stops the servers.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.hosting = Lock(data_dir / "host.lock")
        self.visiting = Lock(data_dir / "guests.lock")

    def become_host(self, purpose: str, address: str = "") -> bool:
        """Whether this process may run the servers from now on."""
        if not self.hosting.take():
            return False
        self.hosting.write(Holder(os.getpid(), purpose, address))
        return True

    def open_to_guests(self) -> None:
        """Says that the servers are up and the database is in order; guests wait for it."""
        self.hosting.write(replace(self.host(), ready=True))

    def host(self) -> Holder:
        """Who runs the servers, as far as it is written down."""
        return self.hosting.holder() or Holder(0, "another command")

    @contextlib.contextmanager
    def as_guest(self) -> Iterator[bool]:
        """Keeps a hosting command from stopping its servers meanwhile; False when it is about to stop them."""
        taken = self.visiting.take(shared=True)
        try:
            yield taken
        finally:
            self.visiting.give_back()

    def no_guests_left(self) -> bool:
        """Whether nobody uses the servers; from then on nobody may begin to."""
        return self.visiting.take()

    def release(self) -> None:
        """Ends the hosting."""
        self.visiting.give_back()
        self.hosting.give_back()


def already_running(holder: Holder) -> AlreadyRunning:
    """Why a second `make up` on one data folder does not start."""
    where = f" on {holder.address}" if holder.address else ""
    return AlreadyRunning(
        f"Watchfloor is already running{where} with this data folder (process {holder.process}); "
        "use that one, stop it, or choose another DATA_DIR and PORT."
    )


def in_use(holder: Holder) -> CannotStart:
    """Why the servers cannot be started while a command uses them."""
    return CannotStart(f"The data folder is in use by {holder}; wait until that has ended, or stop it.")
