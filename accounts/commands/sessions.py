"""Where a person is signed in: kept beside the sessions, and ended.

That a session begins or ends by itself is told by the door (`door.py`); what is recorded here is that somebody ended
one. An ended session is gone from the database, so the next request with it, polls included, is nobody's.
"""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection

from accounts import verbs
from accounts.commands.closing import close
from accounts.commands.people import of_user
from accounts.models import PersonSession, User
from activity.actors import Actor
from activity.record import Draft, record
from common.command import command

SEEN = """
INSERT INTO accounts_personsession AS kept (session_key, user_id, address, device, started_at, seen_at)
VALUES (%s, %s, %s, %s, clock_timestamp(), clock_timestamp())
ON CONFLICT (session_key) DO UPDATE SET seen_at = excluded.seen_at, address = excluded.address
WHERE kept.seen_at < excluded.seen_at - interval '50 seconds'
"""
FORGET = """
DELETE FROM accounts_personsession AS kept WHERE NOT EXISTS (
    SELECT FROM django_session AS living
    WHERE living.session_key = kept.session_key AND living.expire_date > clock_timestamp())
"""
FORGET_PLACES = "DELETE FROM accounts_signinplace WHERE last_at < clock_timestamp() - interval '180 days'"


def begin_session(session: SessionBase, user: User, address: str, device: str) -> None:
    """Remember a session that has just become this person's."""
    if not session.session_key:
        session.save()
    keep_session(session.session_key or "", user, address, device)


def keep_session(session_key: str, user: User, address: str, device: str) -> None:
    """Remember that the person is there; whichever processes say so, a row is written once a minute at most."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN, [session_key, user.pk, address, device])


def move_session(old_key: str, new_key: str) -> None:
    """A session that goes on under another key, as after a change of password, is still the same to its person."""
    PersonSession.objects.filter(session_key=old_key).update(session_key=new_key)


def forget_session(session_key: str) -> None:
    PersonSession.objects.filter(session_key=session_key).delete()


def forget_ended_sessions() -> None:
    """Let go of what was remembered of sessions that are over, and of places nobody has signed in from for long."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        cursor.execute(FORGET_PLACES)


@command
def end_session(session: PersonSession, *, actor: Actor) -> None:
    """Sign a person out of one browser."""
    session_there = PersonSession.objects.select_for_update().filter(pk=session.pk).select_related("user").first()
    if session_there is None:
        return
    user, where = session_there.user, where_of(session_there)
    close([session_there])
    record(Draft(verbs.SESSION_ENDED, actor, subject=of_user(user), facts={"where": where}))


@command
def end_sessions(user: User, *, actor: Actor, but: str = "") -> int:
    """Sign a person out everywhere, or everywhere `but` in the session of that key. Returns how many there were."""
    sessions = PersonSession.objects.select_for_update().filter(user=user).exclude(session_key=but)
    living = set(PersonSession.objects.living().filter(user=user).values_list("pk", flat=True))
    ended = list(sessions)
    if not ended:
        return 0
    close(ended)
    number = sum(session.pk in living for session in ended)
    if number:
        said = "one session" if number == 1 else f"{number} sessions"
        record(Draft(verbs.SESSIONS_ENDED, actor, subject=of_user(user), facts={"ended": said}))
    return number


def where_of(session: PersonSession) -> str:
    return f"{session.device}, {session.address}" if session.address else session.device
