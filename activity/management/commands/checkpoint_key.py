"""`manage.py checkpoint_key`: show the public key that checkpoints are verified with, or go on with another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management.base import BaseCommand, CommandError, CommandParser

from activity.checkpoints.keys import public_text, read_key, replace_key, signing_key
from activity.checkpoints.problems import CheckpointProblem
from activity.checkpoints.taking import announce, begin_anew, rotate


class Command(BaseCommand):
    help = "Print the public key of the checkpoints; keep a copy of it where nobody of this machine can change it."

    def add_arguments(self, parser: CommandParser) -> None:
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--rotate", action="store_true", help="go on with a new key, for which the old one vouches")
        ways.add_argument(
            "--announce",
            type=Path,
            metavar="FILE",
            help="have the present key vouch for the one in this file (PEM), before CHECKPOINT_KEY is set to it",
        )
        ways.add_argument(
            "--replace", metavar="REASON", help="the key is lost: go on with a new one, and say so in a checkpoint"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self._key(options))
        except (CheckpointProblem, OSError, UnicodeDecodeError) as problem:
            raise CommandError(str(problem)) from None

    def _key(self, options: dict[str, Any]) -> str:
        if options["rotate"]:
            return rotate().key
        if options["announce"]:
            successor = read_key(options["announce"].read_text(encoding="ascii"), str(options["announce"]))
            return announce(successor).next_key or ""
        if options["replace"] is not None:
            reason = options["replace"].strip()
            if not reason:
                raise CheckpointProblem("--replace needs a reason, in words.")
            replace_key(Ed25519PrivateKey.generate())
            return begin_anew(reason).key
        return public_text(signing_key(make=True))
