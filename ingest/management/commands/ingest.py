"""`manage.py ingest PATH…`: take in alerts from files or standard input."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from activity.actors import COMMAND_LINE
from ingest import limits
from ingest.commands import at_the_same_time, ingest
from ingest.formats.registry import FORMAT_NAMES, parse_records
from ingest.parsed import ParsedAlert, RefusedRecord
from ingest.reading import read_records

STANDARD_INPUT = "-"


class Command(BaseCommand):
    help = (
        "Take in alerts: JSON, JSON lines or CSV, in any format that is understood. Prints how many were created, "
        "updated, repeated and refused; exits 1 when any was refused, naming its position and why. The others stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="files to read; - is standard input")
        parser.add_argument("--format", choices=FORMAT_NAMES, default="auto", help="found from the content by default")

    def handle(self, *args: Any, **options: Any) -> None:
        counts: Counter[str] = Counter()
        for path in options["paths"]:
            self._take_in(path, options["format"], counts)
        words = ", ".join(f"{counts[word]:,} {word}" for word in ("created", "updated", "repeated", "refused"))
        self.stdout.write(words)
        if counts["refused"]:
            raise CommandError(f"{counts['refused']:,} of {counts.total():,} records were refused; the others stay.")

    def _take_in(self, path: str, format_name: str, counts: Counter[str]) -> None:
        try:
            source = sys.stdin.buffer if path == STANDARD_INPUT else Path(path)
            parsed = parse_records(read_records(source, format_name), format_name)
            with tqdm(desc=Path(path).name, unit=" alerts", disable=None, file=sys.stderr) as bar:
                for chunk in _chunks(parsed):
                    for record in chunk:
                        if isinstance(record, RefusedRecord):
                            self._name(path, record)
                            counts["refused"] += 1
                    accepted = [record for record in chunk if isinstance(record, ParsedAlert)]
                    counts.update(outcome.result for outcome in ingest(accepted, actor=COMMAND_LINE))
                    bar.update(len(chunk))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from None

    def _name(self, path: str, record: RefusedRecord) -> None:
        where = f"record {record.position}" if record.position else "the input"
        field = f", {record.field}" if record.field else ""
        self.stderr.write(f"{path}: {where}{field}: {record.problem}")


MOST_AT_ONCE = 4 * limits.ALERTS_PER_REQUEST
"""Alerts of one moment that are taken in together; of more, the first so many."""


def _chunks(
    records: Iterator[ParsedAlert | RefusedRecord],
) -> Iterator[list[ParsedAlert | RefusedRecord]]:
    """As many alerts at a time as one request may hold, and with them those of the same moment: what happened at the
    same time is placed together, so that it does not matter in which order a file has it."""
    chunk: list[ParsedAlert | RefusedRecord] = []
    for record in records:
        is_full = len(chunk) >= limits.ALERTS_PER_REQUEST
        if is_full and (len(chunk) >= MOST_AT_ONCE or not _are_of_one_moment(chunk[-1], record)):
            yield chunk
            chunk = []
        chunk.append(record)
    if chunk:
        yield chunk


def _are_of_one_moment(one: ParsedAlert | RefusedRecord, other: ParsedAlert | RefusedRecord) -> bool:
    return isinstance(one, ParsedAlert) and isinstance(other, ParsedAlert) and at_the_same_time(one, other)
