"""`manage.py first_start`: the first administrator of a new installation."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from accounts.commands import create_first_administrator
from activity.actors import COMMAND_LINE


class Command(BaseCommand):
    help = "Create an administrator with a random password, printed once as JSON; nothing where there are users."

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_first_administrator(actor=COMMAND_LINE)
        sign_in = {"username": made[0].username, "password": made[1]} if made else {}
        self.stdout.write(json.dumps(sign_in))
