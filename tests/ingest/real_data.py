"""Real alerts nobody here wrote, kept beside the project and not in it. Tests that need them skip without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.formats import parse_records
from ingest.parsed import ParsedAlert, RefusedRecord
from ingest.reading import read_records

REAL_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def real_file(name: str) -> Path:
    """The path of a file of real alerts; skips the test, saying so, where it is missing."""
    path = REAL_DATA / name
    if not path.is_file():
        pytest.skip(f"No real alerts at {path}.")
    return path


def parsed_file(name: str) -> list[ParsedAlert | RefusedRecord]:
    """What becomes of every record of a file of real alerts."""
    return list(parse_records(read_records(real_file(name))))
