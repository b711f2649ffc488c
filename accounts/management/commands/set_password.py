"""`manage.py set_password USERNAME`: give a person a password, typed twice or read from standard input."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commands import set_password
from accounts.models import User
from activity.actors import COMMAND_LINE
from common.errors import Refused


class Command(BaseCommand):
    help = "Give a person a password. It is asked for, or read from standard input where that is no terminal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.get_queryset().filter(username=options["username"].lower()).first()
        if user is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        try:
            set_password(user, _asked(), actor=COMMAND_LINE)
        except Refused as refused:
            raise CommandError(refused.problem) from None
        self.stderr.write(f"{user.display_name} signs in with it from now on.")


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two are not the same; nothing was changed.")
    return password
