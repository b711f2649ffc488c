"""`manage.py seed_demo [--first-start]`: the demo, for an installation that has no incidents yet."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from ingest.demo import SignIn, load, no_place, total


class Command(BaseCommand):
    help = (
        "Load the demo: five people, two teams, some fifty incidents and a week's work on them. All or nothing: "
        "interrupted, it leaves nothing behind. Refuses where there are incidents."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--first-start",
            action="store_true",
            help="do nothing where there are incidents; print the sign-ins as JSON, one a line",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_first_start = options["first_start"]
        if problem := no_place():
            if is_first_start:
                return
            raise CommandError(problem)
        with tqdm(total=total(), desc="Loading the demo", unit=" alerts", file=sys.stderr, disable=None) as bar:
            sign_ins = load(bar.update)
        if is_first_start:
            for sign_in in sign_ins:
                self.stdout.write(json.dumps(dataclasses.asdict(sign_in)))
        else:
            self._print_table(sign_ins)

    def _print_table(self, sign_ins: Sequence[SignIn]) -> None:
        self.stderr.write("Keep these passwords; they are not shown again:")
        rows = [("Name", "Username", "Password", "Role")]
        rows += [(one.display_name, one.username, one.password, one.role) for one in sign_ins]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
