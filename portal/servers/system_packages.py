"""System packages that no Python package can bring: pango for PDF reports, Chromium for the browser tests.

`python -m portal.servers.system_packages reports` and `... tests` install what is missing where that needs no password:
as root, or with a sudo that asks for none. Otherwise they say what is missing, how to install it and what goes without
it, and end well: the portal and the other tests run all the same.
"""

# ruff: noqa: S603 - it starts programs it has found itself, never text from outside

from __future__ import annotations

import ctypes.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = (HEADLESS_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Need:
    """Something of the operating system that a part of Watchfloor needs."""

    title: str
    without: str
    present: Callable[[], bool]
    packages: dict[str, tuple[str, ...]]
    instead: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For systems that do not have the former."""


@dataclass(frozen=True)
class Manager:
    """A package manager and how it is asked to install without questions."""

    program: str
    refresh: tuple[str, ...] | None
    install: tuple[str, ...]


MANAGERS = (
    Manager("apt-get", ("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends")),
    Manager("dnf", None, ("install", "-y", "-q", "--setopt=install_weak_deps=False")),
    Manager("apk", None, ("add", "--no-cache", "-q")),
)


def has_pango() -> bool:
    """Whether WeasyPrint will find the libraries it draws text with."""
    return all(ctypes.util.find_library(name) for name in ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset"))


def has_chromium() -> bool:
    """Whether a Chromium is on the PATH."""
    return any(shutil.which(name) for name in CHROMIUM_NAMES)


PANGO = Need(
    "the pango libraries",
    "PDF reports are not available",
    has_pango,
    {
        "apt-get": ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
        "dnf": ("pango", "harfbuzz", "dejavu-sans-fonts"),
        "apk": ("pango", "harfbuzz-subset", "ttf-dejavu"),
    },
)
CHROMIUM = Need(
    "Chromium",
    "the browser tests skip themselves",
    has_chromium,
    # the headless shell is the same browser without a window's frame, which it would draw with half its time
    {"apt-get": ("chromium-headless-shell",), "dnf": ("chromium-headless",), "apk": ("chromium",)},
    {"apt-get": ("chromium",), "dnf": ("chromium",)},
)
PURPOSES = {"reports": (PANGO,), "tests": (PANGO, CHROMIUM)}


def provide(needs: Sequence[Need]) -> list[Need]:
    """Installs what is missing where that can be done unasked; returns what is missing still."""
    missing = [need for need in needs if not need.present()]
    manager = next((manager for manager in MANAGERS if shutil.which(manager.program)), None)
    prefix = _privilege()
    if not missing or manager is None or prefix is None:
        return missing
    # A minimal image comes without lists of packages; refreshing them may fail where only a mirror answers.
    if manager.refresh:
        _run([*prefix, manager.program, *manager.refresh])
    for need in missing:
        for packages in filter(None, (need.packages[manager.program], need.instead.get(manager.program))):
            if not need.present():
                print(f"Installing {need.title} ({' '.join(packages)}) ...", flush=True)
                _run([*prefix, manager.program, *manager.install, *packages])
    return [need for need in missing if not need.present()]


def _privilege() -> list[str] | None:
    """What stands before a command that needs root; None where root is not to be had without a password."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and _run(["sudo", "-n", "true"], quiet=True):
        return ["sudo", "-n"]
    return None


def _run(command: Sequence[str], *, quiet: bool = False) -> bool:
    """Runs a command that can ask nothing; whether it succeeded. Its output is shown only when it failed."""
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if command[0] == "sudo" and "env" not in command and not quiet:
        command = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", *command[2:]]
    try:
        ended = subprocess.run(
            command, check=False, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        print(f"{command[0]} did not finish: {problem}", file=sys.stderr)
        return False
    if ended.returncode != 0 and not quiet:
        print(f"{' '.join(command)} failed:\n{(ended.stderr or ended.stdout).strip()[-800:]}", file=sys.stderr)
    return ended.returncode == 0


def advice(need: Need) -> str:
    """What is missing, what that means, and the command that mends it."""
    managers = [manager for manager in MANAGERS if shutil.which(manager.program)] or [MANAGERS[0]]
    command = f"{managers[0].program} {managers[0].install[0]} {' '.join(need.packages[managers[0].program])}"
    return f"NOTE: {need.title} could not be found or installed here, so {need.without}. As root: {command}"


def main(arguments: Sequence[str]) -> int:
    """Provides for one purpose, loudly where it cannot, and never fails for it."""
    if len(arguments) != 1 or arguments[0] not in PURPOSES:
        print(f"usage: python -m portal.servers.system_packages {'|'.join(PURPOSES)}", file=sys.stderr)
        return 2
    for need in provide(PURPOSES[arguments[0]]):
        print(f"\n{advice(need)}\n", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
