"""Statements that the database plans once for each connection and then runs again and again.

Django writes values into a statement's text, which is planned anew each time. Of statements over many tables that find
a handful of rows, such as those that every alert causes, planning is most of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor

MOST_PLANNED = 150
"""Statements that each connection keeps planned, those run last; of a list they take the database about 200 KB each."""


class _Cursor(ServerBindingCursor):
    """The driver does not keep the text of a statement it has prepared, which Django's log of statements reads."""

    def _send_query_prepared(self, name: bytes, pgq: Any, *, binary: bool | None = None) -> None:
        self._query = pgq
        super()._send_query_prepared(name, pgq, binary=binary)  # type: ignore[misc]


def literal(sql: str, values: Sequence[Any]) -> str:
    """A statement with its values written into it, as Django does it: for one that is asked again with the same."""
    connection.ensure_connection()
    return str(connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]


def planned_cursor() -> Any:
    """A cursor for statements whose text is always the same: their values go over apart from it, so they need types
    where the place they stand in does not tell (`%s::bigint[]`)."""
    # As connection.cursor() does it: the session is read before anything else, over a connection that may be stale.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    connection.connection.prepared_max = MOST_PLANNED
    # As connection.cursor() does it, so that statements are counted and watched alike.
    return connection._prepare_cursor(_Cursor(connection.connection))  # type: ignore[attr-defined,call-arg]
