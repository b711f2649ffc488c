"""`manage.py end_sessions USERNAME`: sign a person out everywhere."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commands import end_sessions
from accounts.models import User
from activity.actors import COMMAND_LINE


class Command(BaseCommand):
    help = "Sign a person out of every browser; they can sign in again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.get_queryset().filter(username=options["username"].lower()).first()
        if user is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        ended = end_sessions(user, actor=COMMAND_LINE)
        self.stderr.write(f"{user.display_name} was signed in {ended} time{'' if ended == 1 else 's'}; now nowhere.")
