"""What is new to a person: marks of rows, and the line in an incident's activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import Principal, User
from incidents import verbs
from incidents.models import Look, Notice

NEW_FOR = timedelta(days=7)
"""An incident never looked at is new to a person for so long after it was opened; later nobody would catch up."""
MOST = 99
"""Changes counted of one incident."""

OTHERS = """
entry.subject_kind = '' AND entry.verb <> ALL(%(personal)s)
AND NOT (entry.actor_kind = 'user' AND entry.actor_id = %(user)s)
"""
"""Entries that are news to a person: by others, about the incident itself and not about single alerts of an act."""
UNREAD = f"""
SELECT incident.id, look.sequence IS NULL, news.count
FROM incidents_incident AS incident
LEFT JOIN incidents_look AS look ON look.incident_id = incident.id AND look.user_id = %(user)s
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM activity_entry AS entry
        WHERE entry.incident_id = incident.id AND entry.sequence > coalesce(look.sequence, 0) AND {OTHERS}
        LIMIT %(most)s
    ) AS some
) AS news
WHERE incident.id = ANY(%(ids)s) AND news.count > 0
  AND (look.sequence IS NOT NULL OR (incident.created_at > %(since)s AND NOT EXISTS (
      SELECT FROM activity_entry AS own WHERE own.incident_id = incident.id AND own.actor_kind = 'user'
      AND own.actor_id = %(user)s)))
"""


@dataclass(frozen=True, slots=True)
class Unread:
    """What a row says of itself to one person."""

    is_new: bool
    """Opened lately and never looked at, rather than changed since."""
    changes: int

    @property
    def in_words(self) -> str:
        if self.is_new:
            return "New to you"
        many = f"{self.changes}+" if self.changes >= MOST else str(self.changes)
        return f"{many} change{'' if self.changes == 1 else 's'} since you looked"


def unread(incident_ids: Sequence[int], principal: Principal) -> dict[int, Unread]:
    """Which of these incidents hold something new to the person, in one statement; own changes are none."""
    if not incident_ids or not isinstance(principal, User):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            UNREAD,
            {
                "user": principal.pk,
                "ids": list(incident_ids),
                "personal": list(verbs.PERSONAL),
                "most": MOST,
                "since": timezone.now() - NEW_FOR,
            },
        )
        return {number: Unread(is_new, changes) for number, is_new, changes in cursor.fetchall()}


def seen_until(user: User, incident_id: int) -> int | None:
    """The last entry of the incident's log that the person has seen; None where they never looked."""
    return Look.objects.filter(user=user, incident=incident_id).values_list("sequence", flat=True).first()


def has_unread_notices(user: User, incident_id: int) -> bool:
    return Notice.objects.filter(user=user, incident=incident_id, read_at__isnull=True).exists()
