"""Links to new passwords: asked for by anybody, sent to whom it concerns.

Asking writes one row, whoever has the address or nobody, so that neither the answer nor its time tells who is known
here. A worker takes row by row, sends, and only then says so in the log.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts import verbs
from accounts.commands.people import of_user
from accounts.models import ResetRequest, User
from activity.actors import Actor
from activity.record import Draft, record
from common.command import command

MOST_IN_AN_HOUR = 5
"""Mails to one person."""
LEASE, GIVEN_UP = timedelta(minutes=1), timedelta(minutes=15)
TAKE = """
UPDATE accounts_resetrequest SET taken_at = clock_timestamp() WHERE id = (
    SELECT id FROM accounts_resetrequest
    WHERE sent_at IS NULL AND (taken_at IS NULL OR taken_at < clock_timestamp() - make_interval(secs => %s))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""


def ask_for_reset(email: str, origin: str) -> None:
    """Keep that somebody asks for a link to a new password for this address."""
    ResetRequest.objects.create(email=email.strip()[:254], origin=origin, asked_at=timezone.now())


def take_reset() -> ResetRequest | None:
    """The next that waits, ours for a minute; None where nobody waits. Whose worker died is taken again."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [LEASE.total_seconds()])
        found = cursor.fetchone()
    return ResetRequest.objects.get(pk=found[0]) if found else None


def let_go(request: ResetRequest) -> None:
    """It concerns nobody, or its time is over: whatever was typed is not kept."""
    ResetRequest.objects.filter(pk=request.pk).delete()


def forget_resets() -> None:
    """Let go of what was only kept to be counted, and of what no mail server would take for long."""
    now = timezone.now()
    over = Q(sent_at__lt=now - timedelta(hours=1)) | Q(sent_at=None, asked_at__lt=now - GIVEN_UP)
    ResetRequest.objects.filter(over).delete()


@command
def record_reset_mail(request: ResetRequest, user: User, *, actor: Actor) -> None:
    """The mail with the link is on its way."""
    sent = ResetRequest.objects.filter(pk=request.pk, sent_at=None)
    if sent.update(sent_at=timezone.now(), user=user, email=""):
        record(Draft(verbs.RESET_MAILED, actor, subject=of_user(user)))
