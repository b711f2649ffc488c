"""Tokens as pages and API show them; never their keys, which nobody has."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.choices import Permission
from accounts.models import AccessToken, User
from common.marks import absolute_time, time_mark

PAGE_SIZE = 100


def all_tokens() -> QuerySet[AccessToken]:
    return AccessToken.objects.with_rights().annotate(last_used=Max("uses__used_at")).order_by("-pk")


def tokens_of(owner: User) -> list[AccessToken]:
    """A person's own, those first that still open something, and of these the newest."""
    found = list(all_tokens().filter(owner=owner))
    now = timezone.now()
    return sorted(found, key=lambda token: state_of(token, now) != "")


def page_before(number: int | None) -> tuple[list[AccessToken], int | None]:
    """Tokens, the newest first, from below a number; and the number from which on to go further, or None."""
    rows = all_tokens() if number is None else all_tokens().filter(pk__lt=number)
    found = list(rows[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None


def state_of(token: AccessToken, now: datetime) -> str:
    """Why it opens nothing; "" while it opens something."""
    if token.revoked_at:
        return "Revoked"
    if token.expires_at and token.expires_at <= now:
        return "Expired"
    return "Owner deactivated" if token.owner and not token.owner.is_active else ""


def rows_of(tokens: Iterable[AccessToken]) -> list[dict[str, Any]]:
    now = timezone.now()
    return [_row(token, now) for token in tokens]


def _row(token: AccessToken, now: datetime) -> dict[str, Any]:
    last_used = getattr(token, "last_used", None)
    return {
        "number": token.pk,
        "name": token.name,
        "hint": f"{token.hint}…",
        "owner": token.owner.display_name if token.owner else "",
        "owner_name": token.owner.username if token.owner else "",
        "may": may_in_words(token),
        "created": time_mark(token.created_at, now),
        "expires": absolute_time(token.expires_at) if token.expires_at else "never",
        "last_used": time_mark(last_used, now) if last_used else "never",
        "state": state_of(token, now),
        "is_revoked": token.revoked_at is not None,
    }


def may_in_words(token: AccessToken) -> str:
    """What it was made for; of a person's own, what they chose and may no longer is left out."""
    if token.source:
        return f"Send alerts of {token.source}"
    if token.role:
        return f"As {token.role.name}"
    labels = [each.label for each in Permission if each in token.rights]
    return "; ".join(labels) or "Nothing"


def plain(tokens: Iterable[AccessToken]) -> list[dict[str, Any]]:
    """A person's own tokens as the API gives them."""
    now = timezone.now()
    return [
        {
            "id": token.pk,
            "name": token.name,
            "hint": token.hint,
            "permissions": [str(each) for each in Permission if each in token.permissions],
            "created": token.created_at,
            "expires": token.expires_at,
            "last_used": getattr(token, "last_used", None),
            "revoked": token.revoked_at,
            "is_usable": state_of(token, now) == "",
        }
        for token in tokens
    ]
