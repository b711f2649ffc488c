"""The benchmarks run, on a database of their own, and write what they found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import SUBJECTS
from portal.environment import REPOSITORY

pytestmark = pytest.mark.xdist_group("supervisor")

KEYS = {"name", "value", "unit", "floor", "ratio", "p50", "p95", "n"}


def test_every_subject_is_measured_and_written(tmp_path: Path) -> None:
    """At a tiny size; what the times are says nothing here. What DATABASE_URL names may be somebody's real one: the
    embedded servers of the benchmarks' folder are used."""
    data_dir = tmp_path / "data"
    arguments = [sys.executable, "-m", "benchmarks", "--incidents", "150", "--rounds", "1"]
    variables = os.environ | {"DATA_DIR": str(data_dir), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    variables["REDIS_URL"] = "redis://127.0.0.1:1/0"
    variables.pop("DATABASE_OWNER_URL", None)
    done = subprocess.run(arguments, env=variables, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = json.loads((data_dir / "bench.json").read_text())
    assert all(set(row) == KEYS for row in rows)
    assert {row["name"].partition(",")[0] for row in rows} == set(SUBJECTS)
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names))
    for row in rows:
        assert row["value"] > 0 and row["n"] >= 1, row
        assert row["name"] in done.stdout
        if row["floor"] is not None:
            assert row["ratio"] == pytest.approx(row["value"] / row["floor"])
    assert (data_dir / "bench" / "150" / "postgres").is_dir()
