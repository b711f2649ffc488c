"""Answers kept for requests that are sent again: nobody's state, so not in the log."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import KeptAnswer, Principal, User

KEPT_FOR = timedelta(hours=24)


def take_key(principal: Principal, key: str) -> bool:
    """Hold the key until the transaction ends; False where another request under it is being carried out."""
    name = ":".join(("once", *_names(principal), key))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        return bool(cursor.fetchone()[0])


def kept_answer(principal: Principal, key: str) -> KeptAnswer | None:
    """What was answered under a key that is held; one that is too old is forgotten."""
    found = KeptAnswer.objects.filter(key=key, **_owner(principal)).first()
    if found is not None and found.created_at < timezone.now() - KEPT_FOR:
        found.delete()
        return None
    return found


def keep_answer(
    principal: Principal, key: str, fingerprint: str, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Keep it in the transaction of what was done: both are there afterwards, or neither."""
    KeptAnswer.objects.create(
        key=key, fingerprint=fingerprint, status=status, headers=headers, body=body, **_owner(principal)
    )


def forget_old_answers(now: datetime) -> int:
    """Remove what was kept for long enough; how many they were."""
    gone, _ = KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return gone


def _owner(principal: Principal) -> dict[str, Any]:
    is_person = isinstance(principal, User)
    return {"user": principal if is_person else None, "token": None if is_person else principal}


def _names(principal: Principal) -> tuple[str, str]:
    return ("user" if isinstance(principal, User) else "token", str(principal.pk))
