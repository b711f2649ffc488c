"""What the running application may do in the database: everything to its tables, but only add to the log."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection as application_connection
from django.db import connections

from portal.servers.addresses import APPLICATION_ROLE


def grant(using: str, **_signal: Any) -> None:
    """After migrations: give the application role its rights. Nothing to do where one role does both.

    Models that say `insert_only` get SELECT and INSERT; the log's integrity rests on that and on its triggers.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    insert_only = [quote(model._meta.db_table) for model in apps.get_models() if getattr(model, "insert_only", False)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user <> %s AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s)",
            [APPLICATION_ROLE, APPLICATION_ROLE],
        )
        if not cursor.fetchone()[0]:
            return
        role = quote(APPLICATION_ROLE)
        cursor.execute(f"""
            GRANT USAGE ON SCHEMA public TO {role};
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
            GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
            REVOKE UPDATE, DELETE, TRUNCATE ON {", ".join(insert_only)} FROM {role};
            REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
        """)


def may_change_log() -> bool:
    """Whether the running application could change or delete entries, but for the triggers."""
    with application_connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('activity_entry', 'UPDATE, DELETE, TRUNCATE')")
        return bool(cursor.fetchone()[0])
