"""What a person has seen: their own convenience, which nobody else sees and the log does not tell of. But looks at
restricted incidents it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from activity.actors import Actor
from activity.record import Draft, Subject, record
from common.command import command
from incidents import verbs
from incidents.choices import VISIT
from incidents.commands.break_glass import look_through_glass
from incidents.models import BreakGlass, Incident, IncidentMember, Notice, RecordedLook
from incidents.queries.access import is_first_look

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

LOOK_TOLD_EVERY = timedelta(hours=1)
"""Of each person at each restricted incident."""
RECORDED = """
INSERT INTO incidents_recordedlook AS known (user_id, incident_id, looked_at)
VALUES (%s, %s, clock_timestamp())
ON CONFLICT (user_id, incident_id) DO UPDATE SET looked_at = excluded.looked_at
WHERE known.looked_at < excluded.looked_at - make_interval(secs => %s) RETURNING id
"""


def record_look(incident: Incident, user: User) -> None:
    """The person has something of the incident before them. Where it is restricted this is recorded before it is
    shown, and what cannot be recorded is not shown: once an hour in the system's stream, and by whom they were let in;
    the first look through broken glass in the incident's own, too."""
    if not incident.restricted:
        return
    if is_first_look(incident, user):
        look_through_glass(incident, actor=user.as_actor())
    lately = RecordedLook.objects.filter(user=user, looked_at__gt=Now() - LOOK_TOLD_EVERY)
    if not lately.filter(incident=incident.pk).exists():
        see_restricted(incident.pk, actor=user.as_actor())


@command
def see_restricted(incident_id: int, *, actor: Actor) -> None:
    """Record that the actor looks at the restricted incident, unless that was recorded within the last hour. The
    system's stream names its number and nothing else of it."""
    with connection.cursor() as cursor:
        cursor.execute(RECORDED, [actor.id, incident_id, LOOK_TOLD_EVERY.total_seconds()])
        is_new = cursor.fetchone() is not None
    if is_new:
        subject = Subject("incident", str(incident_id), f"#{incident_id}")
        facts = {"by": _let_in_by(incident_id, actor.id or 0)}
        record(Draft(verbs.RESTRICTED_SEEN, actor, subject=subject, facts=facts))


def _let_in_by(incident_id: int, user_id: int) -> str:
    """Why they see it, in words."""
    named = Q(user=user_id) | Q(team__members=user_id)
    if IncidentMember.objects.filter(named, incident=incident_id).exists():
        return "as a member"
    glass = BreakGlass.objects.filter(user=user_id, incident=incident_id, ends_at__gt=Now())
    return "by break-glass" if glass.exists() else "by their role"


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
