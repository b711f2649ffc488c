"""What happened to alerts since an open list was read."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import connection
from django.http import QueryDict

from accounts.models import Principal
from alerts.filters.alert_filter import AlertFilter
from alerts.models import Alert
from incidents import verbs
from incidents.models import Incident

MOST_ENTRIES = 2_000
SQL = """
WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until)
SELECT horizon.until, entry.incident_id, entry.joined
FROM horizon LEFT JOIN LATERAL (
    SELECT incident_id, CASE WHEN verb = ANY(%s) THEN facts -> 'alerts' END AS joined FROM activity_entry
    WHERE transaction >= %s AND transaction < horizon.until AND incident_id IS NOT NULL
    ORDER BY transaction DESC, id DESC LIMIT %s
) AS entry ON true
"""


@dataclass(frozen=True, slots=True)
class AlertNews:
    until: int
    """Ask from here next time."""
    incidents: list[int]
    """Whose alerts may have changed."""
    new: int
    """Alerts that came, and that the list would show."""


def alert_news(since: int, query: QueryDict, principal: Principal) -> AlertNews:
    """What ended transactions from `since` on did, as far as this person may see it. The list is that of `query`.

    Raises UnknownKeys or ValidationError for a list that means nothing.
    """
    wanted = AlertFilter(AlertFilter.with_defaults(query), Alert.objects.visible_to(principal), principal=principal)
    wanted.check()
    with connection.cursor() as cursor:
        cursor.execute(SQL, [[verbs.OPENED.name, verbs.ALERTS_LINKED.name], since, MOST_ENTRIES])
        rows = cursor.fetchall()
    touched = {number for _, number, _ in rows if number is not None}
    joined = [json.loads(alerts) if isinstance(alerts, str) else alerts for _, _, alerts in rows if alerts]
    fresh = {alert["id"] for alerts in joined for alert in alerts}
    visible = Incident.objects.visible_to(principal).filter(pk__in=touched).values_list("pk", flat=True)
    return AlertNews(
        rows[0][0],
        sorted(visible) if touched else [],
        wanted.qs.filter(pk__in=fresh).count() if fresh else 0,
    )
