"""`manage.py take_second_factors USERNAME`: for a person whose phone or key is lost."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commands import take_factors
from accounts.models import User
from activity.actors import COMMAND_LINE


class Command(BaseCommand):
    help = "Take all second factors of a person away; they sign in by their password and set up new ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.get_queryset().filter(username=options["username"].lower()).first()
        if user is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        taken = take_factors(user, actor=COMMAND_LINE)
        self.stderr.write(f"{user.display_name} had {taken or 'no'} second factors{'; now none' if taken else ''}.")
