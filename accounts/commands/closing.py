"""The end of sessions, for the commands that bring it about."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.sessions.models import Session

from accounts.models import PersonSession


def close(sessions: Iterable[PersonSession]) -> None:
    """Have these sessions be nobody's from the next request on."""
    keys = [session.session_key for session in sessions]
    Session.objects.filter(session_key__in=keys).delete()
    PersonSession.objects.filter(session_key__in=keys).delete()
