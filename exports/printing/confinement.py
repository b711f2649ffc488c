"""What the printer's processes may do: nothing but read styles, fonts and handed images, and write into their folder.

The fetcher is the first wall and refuses by itself. These are the second: limits of the kernel, no network where the
kernel lets an ordinary account leave it, and an audit hook of Python that cannot be taken off again.
"""

from __future__ import annotations

import ctypes
import mimetypes
import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path
from typing import Any

FONTS = ("/etc/fonts", "/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/fontconfig", "/var/cache/fontconfig")
FORBIDDEN = (
    *("socket.", "subprocess.", "ftplib.", "http.client.", "urllib.", "smtplib.", "webbrowser.", "pty.", "sqlite3."),
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "os.putenv", "os.chown", "os.setxattr"),
)
FORBIDDEN_IN_A_CHILD = ("os.fork", "os.forkpty", "os.kill", "os.killpg")
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.mkdir", "os.chmod", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES_AT_ONCE = 128
ROOT = Path(__file__).resolve().parent.parent.parent

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


class Refused(PermissionError):
    """A thing that nothing in a report may ask for."""


class Confinement:
    """The audit hook of a printer and of all its children."""

    def __init__(self, job: Path, assets: Path) -> None:
        self._job = os.path.realpath(job)
        # What Python brings in, but not the rest of the portal, which lies beside its data.
        libraries = {*sysconfig.get_paths().values(), *sys.path, sys.prefix, sys.base_prefix} - {"", str(ROOT)}
        places = [*libraries, *FONTS, str(assets), os.path.dirname(__file__), str(job)]
        self._readable = tuple(os.path.realpath(place) for place in places)
        self._files = {"/dev/null", "/dev/urandom"}
        self._child = False
        # It reads lists of the system that are outside of what may be read later.
        mimetypes.init()

    def hold(self) -> None:
        """From here on, for good."""
        sys.addaudithook(self._heard)

    def allow(self, images: Collection[str]) -> None:
        """Files that have been handed over one by one."""
        self._files.update(os.path.realpath(image) for image in images)

    def in_child(self) -> None:
        """This process starts no others."""
        self._child = True

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            self._opened(*arguments)
        elif event.startswith(FORBIDDEN) or (self._child and event in FORBIDDEN_IN_A_CHILD):
            raise Refused(f"{event} is not for printers")
        elif event in CHANGES:
            for path in arguments:
                if isinstance(path, (str, bytes)) and not self._within(path, (self._job,)):
                    raise Refused(f"{event} is not for printers")

    def _opened(self, path: Any, mode: Any, flags: Any) -> None:
        if not isinstance(path, (str, bytes)):
            return
        if isinstance(flags, int) and flags & WRITING:
            allowed = self._within(path, (self._job, "/dev/null"))
        else:
            allowed = self._within(path, self._readable) or os.path.realpath(os.fsdecode(path)) in self._files
        if not allowed:
            raise Refused("a file that is not the printer's")

    @staticmethod
    def _within(path: str | bytes, places: tuple[str, ...]) -> bool:
        real = os.path.realpath(os.fsdecode(path))
        return any(real == place or real.startswith(f"{place}{os.sep}") for place in places)


def limit(*, memory: int, size: int, seconds: float) -> None:
    """The kernel's limits of this process; those below are never raised again."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: FILES_AT_ONCE,
        resource.RLIMIT_FSIZE: size,
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_DATA: memory,
        # Fonts are mapped, not read: what is mapped is more than what is held.
        resource.RLIMIT_AS: 2 * memory + 1024**3,
    }
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (least, least))


def leave_network() -> bool:
    """Into a network of its own, where there is none. Whether the kernel let us; where not, the other walls stand."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # As root a user namespace would take away rights that the files of the job may need.
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    left = libc.unshare(flags) == 0
    # The kernel has forgotten who may look at this process' memory use.
    libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    return left


def die_with(parent: int) -> None:
    """The kernel ends this process as soon as its parent is gone, however that came about."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
