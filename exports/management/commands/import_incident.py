"""`manage.py import_incident FILE [--dry-run]`: take in an incident that another Watchfloor has archived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.actors import COMMAND_LINE
from common.errors import Refused
from exports.importing import import_archive


class Command(BaseCommand):
    help = "Import an incident from an archive (docs/archive-format.md), after everything in it was verified."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the archive")
        parser.add_argument("--dry-run", action="store_true", help="only find out whether it could be imported")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            outcome = import_archive(path, actor=COMMAND_LINE, dry_run=options["dry_run"])
        except Refused as refused:
            raise CommandError(refused.problem) from None
        for note in outcome.notes:
            self.stdout.write(f"note: {note}")
        what = f"{outcome.origin} with {outcome.alerts:,} alerts and {outcome.comments:,} comments"
        proof = f"its log of {outcome.entries:,} entries is verified"
        if outcome.number is None:
            self.stdout.write(f"{what} could be imported; {proof}. Nothing was stored.")
        else:
            self.stdout.write(f"{what} is incident #{outcome.number} here; {proof}.")
