"""What the web server has loaded is left out of Python's collections."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from portal.collecting import YOUNG
from portal.environment import REPOSITORY

LOADED = "import gc, portal.asgi; print(gc.get_freeze_count(), gc.get_threshold()[0])"


def test_a_web_process_goes_through_what_is_new_alone(tmp_path: Path) -> None:
    variables = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 50}
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=REPOSITORY, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    left_out, young = map(int, done.stdout.split())
    assert left_out > 100_000
    assert young == YOUNG
