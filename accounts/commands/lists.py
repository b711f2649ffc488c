"""How people like their lists: nobody else's matter, so not in the log."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import ListSettings, User

MOST_CLOSED = 200
"""Parts of a list remembered as closed; the oldest are forgotten."""


def keep_columns(user: User, name: str, columns: Sequence[str]) -> None:
    """Remember the columns a person likes in a list; none for the usual ones."""
    ListSettings.objects.update_or_create(user=user, name=name, defaults={"columns": list(columns)})


def keep_part(user: User, name: str, part: str, *, closed: bool) -> None:
    """Remember that a person closed or opened a part of a list, such as its strip or a group."""
    with transaction.atomic():
        ListSettings.objects.get_or_create(user=user, name=name)
        settings = ListSettings.objects.select_for_update().get(user=user, name=name)
        others = [each for each in settings.closed if each != part]
        settings.closed = [*others, part][-MOST_CLOSED:] if closed else others
        settings.save(update_fields=["closed"])
