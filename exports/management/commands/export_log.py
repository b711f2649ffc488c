"""`manage.py export_log FILE [--incident N | --system]`: the log as a file that verify_log.py verifies anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from activity.actors import COMMAND_LINE
from exports.commands import record_log_export
from exports.log_files import ALL, SYSTEM, log_lines
from incidents.models import Incident


class Command(BaseCommand):
    help = "Write the log with its texts and checkpoints into a new file; activity/verify_log.py verifies it anywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a file that does not exist yet; - is standard output")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--incident", type=int, metavar="N", help="this incident's log only")
        which.add_argument("--system", action="store_true", help="the system's own stream only")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["incident"]
        if number is not None and not Incident.objects.filter(pk=min(number, 2**62)).exists():
            raise CommandError(f"There is no incident {number}.")
        which: str | int = number if number is not None else SYSTEM if options["system"] else ALL
        record_log_export(actor=COMMAND_LINE, incident_id=number, whole=which == ALL)
        # One transaction, so that the entries stream from one moment however many there are.
        with transaction.atomic():
            if options["file"] == "-":
                sys.stdout.writelines(log_lines(which))
                return
            path = Path(options["file"])
            try:
                with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                    file.writelines(log_lines(which))
            except FileExistsError:
                raise CommandError(f"{path} exists already; name a new file.") from None
            except OSError as problem:
                raise CommandError(f"{path} cannot be written: {problem.strerror}.") from None
        self.stdout.write(f"Written to {path}; check it with: python activity/verify_log.py {path}")
