"""How common each kind of alert is: the rarer, the more an incident with one presses."""

from __future__ import annotations

from django.db import connection, transaction

DAYS = 30
COUNT = """
INSERT INTO alerts_alertkind (title, seen)
SELECT title, count(*) FROM alerts_alert
WHERE last_activity >= now() - make_interval(days => %s)
  AND NOT EXISTS (SELECT FROM incidents_incident WHERE id = incident_id AND restricted)
GROUP BY title
"""


def count_kinds() -> None:
    """Count the kinds of the newest 30 days anew. A figure worked out from rows, not a change of state.

    Restricted incidents count for nothing: the priorities of others would tell of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE alerts_alertkind IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("DELETE FROM alerts_alertkind")
        cursor.execute(COUNT, [DAYS])
