"""What a person has seen: their own convenience, which nobody else sees and the log does not tell of."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from incidents.choices import VISIT
from incidents.models import Incident, Notice

LOOK = """
WITH read AS (
    UPDATE incidents_notice SET read_at = now()
    WHERE user_id = %(user)s AND incident_id = ANY(%(incidents)s) AND read_at IS NULL
)
INSERT INTO incidents_look AS look (user_id, incident_id, sequence, looked_at)
SELECT %(user)s, incident.id, last.sequence, now() FROM incidents_incident AS incident CROSS JOIN LATERAL (
    SELECT sequence FROM activity_entry WHERE incident_id = incident.id ORDER BY sequence DESC LIMIT 1
) AS last WHERE incident.id = ANY(%(incidents)s)
ON CONFLICT (user_id, incident_id) DO UPDATE SET
    previous = CASE WHEN look.previous IS NULL OR look.looked_at < now() - make_interval(secs => %(visit)s)
        THEN look.sequence ELSE look.previous END,
    sequence = excluded.sequence, looked_at = excluded.looked_at
WHERE look.sequence < excluded.sequence
"""


def look_at(user: User, incident_id: int) -> None:
    """The person has the incident before them as it is now: nothing about it is new to them any more."""
    _look(user, [incident_id])


def look_at_all(user: User, incident_ids: Iterable[int]) -> None:
    """Mark several as seen, of those that the person may see."""
    visible = Incident.objects.visible_to(user).filter(pk__in=list(incident_ids)).order_by("pk")
    _look(user, list(visible.values_list("pk", flat=True)))


def _look(user: User, incident_ids: list[int]) -> None:
    """In one statement: what stands there now has been seen, and what the bell said of it read."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, {"user": user.pk, "incidents": incident_ids, "visit": VISIT.total_seconds()})


def read_notices(user: User, incident_ids: Iterable[int] | None = None) -> int:
    """Mark the person's notices as read: of these incidents, or all; how many were unread. No incident has the number
    0, which stands for what concerns the system."""
    unread = Notice.objects.filter(user=user, read_at__isnull=True)
    if incident_ids is not None:
        numbers = set(incident_ids)
        unread = unread.filter(Q(incident__in=numbers) | (Q(incident__isnull=True) if 0 in numbers else Q()))
    return unread.update(read_at=timezone.now())
