"""What the operating system has to bring, and what is said where it cannot be brought."""

from __future__ import annotations

import subprocess
import sys

from portal.environment import REPOSITORY
from portal.servers.system_packages import CHROMIUM, PANGO, Need, advice, provide


def test_what_is_there_is_left_alone() -> None:
    there = Need("something", "nothing", lambda: True, {})
    assert provide([there]) == []


def test_what_is_missing_is_named_with_the_way_to_it() -> None:
    for need in (PANGO, CHROMIUM):
        text = advice(need)
        assert need.title in text
        assert need.without in text
        assert any(" ".join(packages) in text for packages in need.packages.values())


def test_an_unknown_purpose_is_refused() -> None:
    command = [sys.executable, "-m", "portal.servers.system_packages", "everything"]
    ended = subprocess.run(command, check=False, cwd=REPOSITORY, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage:")
