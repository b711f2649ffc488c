"""What is new to a person: marks of rows, and the line in an incident's activity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from accounts.models import Principal, User
from activity.news import MOMENT_SQL
from activity.queries import Line
from common.planned import planned_cursor
from incidents import verbs
from incidents.choices import NEW_FOR, VISIT

MOST = 99
"""Changes counted of one incident."""

OTHERS = """
entry.subject_kind <> 'alert' AND entry.verb <> ALL(%(personal)s::text[])
AND NOT (entry.actor_kind = 'user' AND entry.actor_id = %(user)s::bigint)
"""
"""Entries that are news to a person: by others, about the incident or its tasks, not about single alerts of an act."""
UNREAD = f"""
SELECT incident.id, look.sequence IS NULL, news.count
FROM incidents_incident AS incident
LEFT JOIN incidents_look AS look ON look.incident_id = incident.id AND look.user_id = %(user)s::bigint
CROSS JOIN LATERAL (
    SELECT count(*) FROM (
        SELECT FROM activity_entry AS entry
        WHERE entry.incident_id = incident.id AND entry.sequence > coalesce(look.sequence, 0) AND {OTHERS}
        LIMIT %(most)s::int
    ) AS others
) AS news
WHERE incident.id = ANY(%(ids)s::bigint[]) AND news.count > 0
  AND (look.sequence IS NOT NULL OR (incident.created_at > %(since)s::timestamptz AND NOT EXISTS (
      SELECT FROM activity_entry AS own WHERE own.incident_id = incident.id AND own.actor_kind = 'user'
      AND own.actor_id = %(user)s::bigint)))
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
    with planned_cursor() as cursor:
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


STANDING = f"""
SELECT {MOMENT_SQL}, (SELECT max(sequence) FROM activity_entry WHERE incident_id = %(incident)s),
       look.sequence, look.previous, look.looked_at > now() - make_interval(secs => %(visit)s),
       EXISTS (SELECT FROM incidents_notice
               WHERE user_id = %(user)s AND incident_id = %(incident)s AND read_at IS NULL),
       EXISTS (SELECT FROM incidents_follower WHERE user_id = %(user)s AND incident_id = %(incident)s)
FROM (SELECT) AS nothing
LEFT JOIN incidents_look AS look ON look.user_id = %(user)s AND look.incident_id = %(incident)s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands to an incident."""

    moment: int
    """Where the log stood when this was read, for pages that ask from there on what is new."""
    last: int
    """The last entry of its log."""
    seen: int | None
    """The last entry the person has seen; None where they never looked."""
    was_seen: int | None
    """The last entry the person had seen before this visit; None where there is nothing to compare with."""
    has_notices: bool
    """Whether the bell has something of it that was not read."""
    follows: bool

    @property
    def is_up_to_date(self) -> bool:
        return self.seen is not None and self.seen >= self.last and not self.has_notices


def standing(user: User, incident_id: int) -> Standing:
    with connection.cursor() as cursor:
        cursor.execute(STANDING, {"user": user.pk, "incident": incident_id, "visit": VISIT.total_seconds()})
        moment, last, seen, previous, is_visit, has_notices, follows = cursor.fetchone()
    was_seen = previous if is_visit and previous is not None else seen if last and seen and last > seen else None
    return Standing(moment, last or 0, seen, was_seen, has_notices, follows)


def seen_from(lines: Sequence[Line], was_seen: int | None) -> int | None:
    """Before which line, newest first, "new since you looked" stands; None where nothing by others is new. Lines of
    incidents merged into this one have numbers of their own, and are passed over."""
    if was_seen is None:
        return None
    lines = [line for line in lines if line.origin is None]
    new = [line for line in lines if line.sequence > was_seen]
    seen = next((line.sequence for line in lines if line.sequence <= was_seen), None)
    return seen if any(not line.by_reader for line in new) else None
