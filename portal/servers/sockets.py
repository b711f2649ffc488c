"""Where the unix sockets of the embedded servers live: private, and at a path short enough for a socket."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

from portal.servers.problems import CannotStart, file_problem

# Systems allow 104 to 108 bytes for the path of a socket; with room to spare, and 23 for `/postgres/.s.PGSQL.5432`.
LONGEST_FOLDER = 99 - 23


def socket_folder(data_dir: Path) -> Path:
    """The folder for sockets of this data folder; the same answer for every process, and nothing is made yet."""
    beside_data = data_dir / "run"
    # PostgreSQL's clients take a comma for the border between two hosts.
    if len(os.fsencode(beside_data)) <= LONGEST_FOLDER and "," not in str(beside_data):
        return beside_data
    # Not the temp folder of the environment: a command in another terminal has to find the same sockets.
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"watchfloor-{os.geteuid()}-{digest}"  # noqa: S108 - ownership is verified before use


def make_socket_folder(data_dir: Path) -> Path:
    """Makes the folder, or verifies that the one found is ours and closed to others."""
    folder = socket_folder(data_dir)
    # Root's database runs under another account, which has to pass through to its own folder inside.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        folder.mkdir(mode=mode, exist_ok=True)
        found = folder.lstat()
    except OSError as problem:
        raise file_problem(problem, f"make the folder {folder} for its sockets") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o066:
        raise CannotStart(
            f"{folder} is not a private folder of this user, so Watchfloor will not put its sockets there; remove it."
        )
    # Whatever the umask: too narrow a folder would keep root's database out of its own part of it.
    folder.chmod(mode)
    return folder


def remove_socket_folder(data_dir: Path) -> None:
    """After the servers have stopped: leaves nothing in the temp folder."""
    folder = socket_folder(data_dir)
    if folder.parent != data_dir:
        shutil.rmtree(folder, ignore_errors=True)


def make_private_folder(folder: Path) -> Path:
    """One server's own folder, closed to everyone else."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as problem:
        raise file_problem(problem, f"make the folder {folder}") from None
    return folder
