"""`python -m benchmarks`: measures on a database of its own, prints a table and writes bench.json under DATA_DIR."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from portal.environment import InvalidEnvironment, load_environment
from portal.servers.instance import connected
from portal.servers.problems import CannotStart

if TYPE_CHECKING:
    from benchmarks.measure import Row

SUBJECTS = (
    "queue",
    "live",
    "serving",
    "search",
    "story",
    "incident",
    "bulk",
    "verify",
    "log",
    "printing",
    "ingest",
    "activity",
)
"""In this order: what adds to the database comes last."""
GROWN = 1.5
"""A database that measurements have filled beyond so many times its size is made anew."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the subjects that are asked for; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        results = load_environment().data_dir / "bench.json"
        folder = (options.folder or results.with_name("bench")) / str(options.incidents)
        _use(folder)
        with connected(load_environment(), purpose="benchmarks"):
            _prepare(options.incidents)
            rows = []
            for row in _measured(options.only or SUBJECTS, options.rounds):
                print(_line(row), flush=True)
                rows.append(row)
    except (InvalidEnvironment, CannotStart) as problem:
        print(problem, file=sys.stderr)
        return 1
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows in {results}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=SUBJECTS, help="this subject only; may be repeated")
    parser.add_argument("--incidents", type=int, default=100_000, metavar="N", help="size of the database")
    parser.add_argument("--rounds", type=int, default=40, metavar="N", help="how often each page is measured")
    parser.add_argument("--folder", type=Path, help="where its databases are kept, by size; DATA_DIR/bench by default")
    return parser


def _use(folder: Path) -> None:
    """From here on this process works on the benchmarks' own data folder and embedded servers, whatever is set."""
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(folder)
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    load_environment.cache_clear()


def _prepare(incidents: int) -> None:
    """Django, the newest migrations, and as many incidents as are asked for."""
    import django

    django.setup()
    _log_into(Path(os.environ["DATA_DIR"]) / "benchmarks.log")
    from django.core.management import call_command

    from incidents.models import Incident

    call_command("migrate", database="owner", verbosity=0)
    present = Incident.objects.count()
    if present > incidents * GROWN + 100_000:
        raise CannotStart(f"The database in {os.environ['DATA_DIR']} has grown by measurements; delete the folder.")
    if present < incidents:
        call_command("generate", incidents=incidents - present, add=bool(present))


def _log_into(path: Path) -> None:
    """What is logged of each request is part of what it costs, and no part of the table."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(path.open("a", encoding="utf-8"))


def _measured(subjects: Sequence[str], rounds: int) -> Iterator[Row]:
    print(f"{'':66} {'value':>12} {'floor':>10} {'ratio':>7} {'p95':>10} {'n':>5}")
    for subject in SUBJECTS:
        if subject in subjects:
            yield from import_module(f"benchmarks.{subject}").measure(rounds)


def _line(row: Row) -> str:
    floor, ratio, last = (f"{value:,.2f}" if value is not None else "" for value in (row.floor, row.ratio, row.p95))
    return f"{row.name:66} {row.value:>12,.2f} {floor:>10} {ratio:>7} {last:>10} {row.n:>5} {row.unit}"


if __name__ == "__main__":
    sys.exit(main())
