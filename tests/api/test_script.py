"""The script of docs/api.md does what it says, against a portal that runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.choices import Permission
from accounts.commands import create_token
from accounts.models import Role
from activity.actors import SYSTEM
from incidents.models import Incident

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "api.md"


@pytest.mark.django_db(transaction=True)
def test_a_script_ingests_triages_and_exports(live_server: LiveServer, tmp_path: Path) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(script.strip().splitlines()) <= 40
    rights = [Permission.SEE_INCIDENTS, Permission.EDIT_INCIDENTS, Permission.SEND_ALERTS, Permission.EXPORT]
    Role.objects.create(slug="script", name="Script", permissions=[str(right) for right in rights])
    _, key = create_token("script", actor=SYSTEM, role="script")
    environment = {**os.environ, "WATCHFLOOR": live_server.url, "TOKEN": key}

    def run() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", script]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert (said[0], said[-1]) == ("the alert was created", "now in_progress and of medium severity")
    incident = Incident.objects.get()
    assert (incident.name, [tag.name for tag in incident.tags.all()]) == (said[1], ["doors"])
    assert "Door forced open" in (tmp_path / "alerts.csv").read_text()
    again = run()
    assert again.stdout.splitlines()[0] == "the alert was repeated"
    environment["TOKEN"] = "wf_nobody"
    assert "The token is unknown" in run().stderr
