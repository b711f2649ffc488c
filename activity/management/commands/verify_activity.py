"""`manage.py verify_activity [--incident N]`: prove that the log is untouched, or name where it is not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.checkpoints.verifying import keep_outcome, prove
from activity.verify_log import public_keys


class Command(BaseCommand):
    help = (
        "Recompute the hash chain of every incident and of the system stream and compare them with the signed "
        "checkpoints; exit 1 when anything does not fit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--incident", type=int, metavar="N", help="check this incident's chain only")
        parser.add_argument(
            "--checkpoints",
            type=Path,
            nargs="+",
            default=[],
            metavar="FILE",
            help="files of checkpoints to compare with, in their order, instead of those of this installation",
        )
        parser.add_argument(
            "--public-key",
            nargs="+",
            default=[],
            metavar="KEY",
            help="the key to believe: in base64, or a file with it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        try:
            trusted = [key for word in options["public_key"] for key in public_keys(word)]
        except (ValueError, OSError) as problem:
            raise CommandError(f"--public-key: {problem}") from None
        proof = prove(options["incident"], paths=options["checkpoints"], trusted=trusted)
        if options["incident"] is None and not (options["checkpoints"] or trusted):
            keep_outcome(proof, time.monotonic() - started)
        for note in proof.notes:
            self.stdout.write(f"note: {note}")
        for sentence in proof.problems:
            self.stderr.write(f"does not fit: {sentence}")
        if proof.problems:
            raise CommandError(f"The log does not verify: {len(proof.problems)} problem(s).")
        if options["incident"] is not None and not proof.verification.entries:
            raise CommandError(f"There is no entry for incident {options['incident']}.")
        self.stdout.write(proof.summary)
