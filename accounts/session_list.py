"""Where a person is signed in, as pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from accounts.models import PersonSession, User
from accounts.sessions import SessionStore


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One browser."""

    id: int
    device: str
    address: str
    since: datetime
    seen_at: datetime
    is_this: bool


def sessions_of(user: User, this: str | None = None) -> list[SignedIn]:
    """Where the person is signed in now, the last used first; `this` is the key of the session that asks. Sessions from
    before a change of password are over, though they still lie there."""
    rows = list(PersonSession.objects.living().filter(user=user).order_by("-seen_at", "-pk"))
    stored = Session.objects.in_bulk([row.session_key for row in rows])
    proof = user.get_session_auth_hash()
    return [
        SignedIn(row.pk, row.device, row.address, row.started_at, row.seen_at, row.session_key == this)
        for row in rows
        if row.session_key in stored and _is_of(stored[row.session_key], user, proof)
    ]


def _is_of(session: Session, user: User, proof: str) -> bool:
    known = SessionStore().decode(session.session_data)
    return known.get(SESSION_KEY) == str(user.pk) and constant_time_compare(known.get(HASH_SESSION_KEY, ""), proof)
