"""Sessions as Django keeps them in the database, read as every page reads them."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session

from common.planned import planned_cursor

LIVING = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > statement_timestamp()"


class SessionStore(DatabaseSessions):
    """Django composes the statement anew for each page, which takes longer than the database takes to answer it."""

    def cycle_key(self) -> None:
        old = self.session_key
        super().cycle_key()
        if old and self.session_key:
            from accounts.commands import move_session  # sessions are known before any of our models are

            move_session(old, self.session_key)

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        data = _living(key) if "\x00" not in key else None
        if data is None:
            self._session_key = None
            return None
        return Session(session_key=key, session_data=data)


def _living(key: str) -> str | None:
    with planned_cursor() as cursor:
        cursor.execute(LIVING, [key])
        found = cursor.fetchone()
    return found[0] if found else None
