"""The account PostgreSQL runs under. It refuses to run as root, so root lends it an unprivileged account."""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.servers.problems import CannotStart

CANDIDATES = ("watchfloor", "postgres", "nobody")

# The right to pass folders that are closed to the account, the narrowest first. The second also grants writing, but
# exists where the first does not (in most containers); it is still far less than the root that started us.
CAPABILITIES = ("dac_read_search", "dac_override")


@dataclass(frozen=True)
class Account:
    """An operating system account, and how to start a program under it from the present one."""

    name: str
    uid: int
    gid: int
    is_ours: bool = True
    capability: str | None = None

    def command(self, arguments: Sequence[str], death_signal: signal.Signals) -> list[str]:
        """The command line that runs `arguments` under the account."""
        if self.capability is None:
            return list(arguments)
        return [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            f"--inh-caps=+{self.capability}",
            f"--ambient-caps=+{self.capability}",
            # PostgreSQL asks access(2) about its own programs, which otherwise leaves capabilities out of account.
            "--securebits=+no_setuid_fixup",
            # The wish to go with the parent is dropped when the account changes, so it is made again.
            f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
            "--",
            *arguments,
        ]

    def identity(self) -> dict[str, Any]:
        """Popen's arguments that switch to the account, where setpriv does not do it."""
        if self.is_ours or self.capability is not None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Makes the account the owner of one file or folder of ours."""
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)


def own_name() -> str:
    """Name of the account this process runs under; PostgreSQL needs one to recognise its clients."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise CannotStart(
            f"User id {os.geteuid()} has no name on this machine and PostgreSQL needs one; "
            "add it to /etc/passwd or set DATABASE_URL."
        ) from None


def account_for(database_folder: Path, program: Path) -> Account:
    """The account that runs `program` on `database_folder`: our own, or an unprivileged one when we are root.

    A folder that exists is served by the account that owns it. Closed folders above are never opened: where the
    account could not pass them, it is lent the one capability it takes.
    """
    if os.geteuid() != 0:
        owner = database_folder.stat().st_uid if database_folder.exists() else os.geteuid()
        if owner != os.geteuid():
            raise CannotStart(
                f"{database_folder} belongs to another user (id {owner}); run Watchfloor as that user or choose "
                "another DATA_DIR."
            )
        return Account(own_name(), os.geteuid(), os.getegid())
    entry = _unprivileged(database_folder)
    for capability in (None, *CAPABILITIES):
        account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, is_ours=False, capability=capability)
        if _can_reach(account, program, database_folder.parent):
            return account
    raise CannotStart(
        f"PostgreSQL does not run as root, and the account {entry.pw_name} cannot enter {database_folder.parent} or "
        f"{program.parent}; run Watchfloor as an ordinary user, or from folders that others may enter (mode 711)."
    )


def _unprivileged(database_folder: Path) -> pwd.struct_passwd:
    if database_folder.exists() and (owner := database_folder.stat().st_uid) != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            raise CannotStart(
                f"{database_folder} belongs to user id {owner}, which has no name on this machine; add that user or "
                "choose another DATA_DIR."
            ) from None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return entry
    raise CannotStart(
        "PostgreSQL does not run as root, and there is no account 'watchfloor', 'postgres' or 'nobody'; "
        "add one (useradd --system watchfloor) or run Watchfloor as an ordinary user."
    )


def _can_reach(account: Account, program: Path, folder: Path) -> bool:
    """Whether the account can execute the program and pass the folder, found out by trying."""
    if account.capability is not None and shutil.which("setpriv") is None:
        return False
    for path in (program, folder):
        attempt = subprocess.run(
            account.command(["test", "-x", str(path)], signal.SIGKILL),
            check=False,
            capture_output=True,
            cwd="/",
            **account.identity(),
        )
        if attempt.returncode != 0:
            return False
    return True
