"""What happened to alerts since an open list was read."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection
from django.http import QueryDict

from accounts.models import Principal
from alerts.models import Alert
from alerts.queries.queue import asked
from incidents import verbs

MOST_ENTRIES = 2_000
MOST_NAMED = 500
SQL = """
WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS until)
SELECT horizon.until, entry.incident_id, entry.alert, entry.joined
FROM horizon LEFT JOIN LATERAL (
    SELECT incident_id, CASE WHEN subject_kind = 'alert' THEN subject_id::bigint END AS alert,
           CASE WHEN verb = ANY(%s) THEN facts -> 'alerts' END AS joined
    FROM activity_entry
    WHERE transaction >= %s AND transaction < horizon.until AND incident_id IS NOT NULL AND verb <> ALL(%s)
    ORDER BY transaction DESC, id DESC LIMIT %s
) AS entry ON true
"""


@dataclass(frozen=True, slots=True)
class AlertNews:
    """What an open list of alerts is told."""

    until: int
    """Ask from here next time."""
    alerts: list[int]
    """That may be otherwise than shown."""
    arrived: list[int]
    """That came, or came to fit the list, and are not shown yet."""
    gone: list[int]
    """That are shown and may be seen no more."""
    is_cut: bool
    """Whether more happened than is told: then anything may have changed."""


def alert_news(since: int, query: QueryDict, shown: Collection[int], principal: Principal) -> AlertNews:
    """What ended transactions from `since` on did, as far as this person may see it. The list is that of `query`, and
    shows the alerts `shown`.

    Raises UnknownKeys or ValidationError for a list that means nothing.
    """
    wanted = asked(query, principal)
    with connection.cursor() as cursor:
        arriving = [verbs.OPENED.name, verbs.ALERTS_LINKED.name]
        cursor.execute(SQL, [arriving, since, list(verbs.PERSONAL), MOST_ENTRIES + 1])
        rows = cursor.fetchall()
    incidents = {number for _, number, _, _ in rows if number is not None}
    if not incidents:
        return AlertNews(rows[0][0], [], [], [], is_cut=False)
    joined = [json.loads(alerts) if isinstance(alerts, str) else alerts for *_, alerts in rows if alerts]
    fresh = {alert["id"] for alerts in joined for alert in alerts}
    named = {number for _, _, number, _ in rows if number is not None}
    # A shown row tells of its incident as well: its name, its restriction.
    beside = set(Alert.objects.filter(pk__in=list(shown), incident__in=incidents).values_list("pk", flat=True))
    visible = Alert.objects.visible_to(principal).filter(pk__in=fresh | named | beside)
    seen = set(visible.values_list("pk", flat=True))
    fitting = wanted.matching.filter(pk__in=fresh - set(shown)) if fresh else wanted.matching.none()
    return AlertNews(
        rows[0][0],
        sorted(seen)[-MOST_NAMED:],
        sorted(fitting.values_list("pk", flat=True))[-MOST_NAMED:],
        sorted(beside - seen),
        is_cut=len(rows) > MOST_ENTRIES,
    )
