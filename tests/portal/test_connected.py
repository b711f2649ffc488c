"""Commands that need a database: they share the servers of one data folder, and the last one turns off the light."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.environment import REPOSITORY
from tests.portal.running import Portal

COUNT_SLOWLY = """
import sys, time
from django.contrib.contenttypes.models import ContentType
for _ in range(15):
    assert ContentType.objects.exists()
    time.sleep(0.1)
sys.stdout.write("counted")
"""


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A data folder on which nothing runs."""
    portal = Portal(tmp_path / "data")
    yield portal
    for process in portal.children():
        process.kill()


def command(portal: Portal, code: str) -> subprocess.Popen[str]:
    """`manage.py shell` with some code, started and not waited for."""
    arguments = [sys.executable, str(REPOSITORY / "manage.py"), "shell", "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, env=portal.environment(), stdout=pipe, stderr=pipe, text=True)


def test_two_commands_in_an_empty_folder_share_its_servers(portal: Portal) -> None:
    commands = [command(portal, COUNT_SLOWLY) for _ in range(2)]
    ends = [one.communicate(timeout=90) for one in commands]
    assert [one.returncode for one in commands] == [0, 0], ends
    assert all("counted" in printed for printed, _ in ends)
    assert sum("Setting up a new database" in errors for _, errors in ends) == 1
    assert portal.children() == []
