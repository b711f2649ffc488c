"""`manage.py verify_activity [--incident N]`: prove that the log is untouched, or name where it is not."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.chain import verify


class Command(BaseCommand):
    help = "Recompute the hash chain of every incident and of the system stream; exit 1 at the first misfit of any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incident", type=int, metavar="N", help="check this incident's chain only")

    def handle(self, *args: Any, **options: Any) -> None:
        verification = verify(options["incident"])
        if verification.breaks:
            for broken in verification.breaks:
                self.stderr.write(f"does not fit: {broken}")
            raise CommandError(f"{len(verification.breaks)} of {verification.chains} chains do not verify.")
        if options["incident"] is not None and not verification.entries:
            raise CommandError(f"There is no entry for incident {options['incident']}.")
        self.stdout.write(f"{verification.entries:,} entries in {verification.chains:,} chains verified.")
