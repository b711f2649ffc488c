"""`manage.py checkpoint`: sign what the log has gained since the last checkpoint, now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.taking import begin_anew, take_checkpoint


class Command(BaseCommand):
    help = "Sign the heads of all chains that have grown since the last checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anew",
            metavar="REASON",
            help="sign all chains as they are and compare nothing with earlier checkpoints any more, such as after an "
            "older backup was restored; the reason is signed too",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["anew"]
        if reason is not None and not reason.strip():
            raise CommandError("--anew needs a reason, in words.")
        try:
            taken = begin_anew(reason.strip()) if reason else take_checkpoint()
        except CheckpointProblem as problem:
            raise CommandError(str(problem)) from None
        if taken is None:
            self.stdout.write("Nothing has been recorded since the last checkpoint.")
        else:
            self.stdout.write(f"Checkpoint {taken.number} covers {taken.entries:,} entries in {taken.chains:,} chains.")
