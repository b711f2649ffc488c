"""`manage.py create_token NAME --role ROLE | --source SOURCE`: a key for a machine, shown once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commands import create_token
from activity.actors import COMMAND_LINE
from common.errors import Refused


class Command(BaseCommand):
    help = "Create a service token and print its key once; either with a role or bound to one ingest source."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for, such as “suricata sensor”")
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--role", default="", help="slug of a role: reader, analyst, lead, admin")
        kind.add_argument("--source", default="", help="source whose alerts it may send, such as suricata")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _, key = create_token(options["name"], actor=COMMAND_LINE, role=options["role"], source=options["source"])
        except Refused as refused:
            field = f"{refused.field}: " if refused.field else ""
            raise CommandError(f"{field}{refused.problem}") from None
        self.stderr.write("Keep this key; it is not shown again:")
        self.stdout.write(key)
