"""`manage.py link_person USERNAME PROVIDER SUBJECT`: somebody with an account signs in through a provider."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.commands import link_person
from accounts.models import User
from accounts.providers.adapter import provider_of
from activity.actors import COMMAND_LINE
from common.errors import Refused


class Command(BaseCommand):
    help = "Have whoever a provider calls SUBJECT (sub, or the SAML attribute that lasts) be the person USERNAME."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("provider", help="slug of a provider in SIGN_IN_PROVIDERS")
        parser.add_argument("subject")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.get_queryset().filter(username=options["username"].lower()).first()
        provider = provider_of(options["provider"])
        if user is None:
            raise CommandError(f"There is no user “{options['username']}”.")
        if provider is None:
            raise CommandError(f"SIGN_IN_PROVIDERS names no provider “{options['provider']}”.")
        try:
            link_person(user, provider, options["subject"], actor=COMMAND_LINE)
        except Refused as refused:
            raise CommandError(refused.problem) from None
        self.stderr.write(f"{user.display_name} signs in through {provider.name} from now on.")
