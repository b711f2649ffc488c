"""Examples of every operation: requests that were made, and what they were answered (tests/api/test_examples.py makes
them again)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

EXAMPLES_PATH = Path(__file__).with_name("examples.json")


@cache
def examples() -> dict[str, dict[str, Any]]:
    """“GET /api/v1/incidents/” → method, path, headers, body; status, type, answer."""
    found: dict[str, dict[str, Any]] = json.loads(EXAMPLES_PATH.read_text())
    return found
