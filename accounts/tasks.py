"""Background work for people and sessions."""

import logging
from smtplib import SMTPException

from celery import shared_task
from django.core.management import call_command
from django.utils import timezone

from accounts.commands import (
    forget_ended_sessions,
    forget_resets,
    let_go,
    record_reset_mail,
    take_reset,
    tell_untold,
)
from accounts.commands.answers import forget_old_answers
from accounts.reset_mail import send_link, whom_it_concerns
from activity.actors import SYSTEM

logger = logging.getLogger(__name__)


@shared_task
def clear_expired_sessions() -> None:
    call_command("clearsessions")
    forget_ended_sessions()


@shared_task
def send_resets(_: str = "") -> None:
    """Answer who asked for a link to a new password. Where the mail server does not take it, the next sweep tries
    again; after a quarter of an hour nobody waits for it any more."""
    forget_resets()
    while (request := take_reset()) is not None:
        user = whom_it_concerns(request)
        if user is None:
            let_go(request)
            continue
        try:
            send_link(user, request.origin)
        except (OSError, SMTPException):
            logger.exception("A link to a new password could not be sent; the next sweep tries again.")
            return
        record_reset_mail(request, user, actor=SYSTEM)


@shared_task
def tell_of_the_door() -> None:
    tell_untold(actor=SYSTEM)


@shared_task
def forget_kept_answers() -> None:
    forget_old_answers(timezone.now())
