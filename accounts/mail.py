"""Mail that an act of a person sends at once, while they wait to hear whether it went."""

from __future__ import annotations

import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

SECONDS = 8
"""How long a mail server may take; a person waits."""


def mail_is_set_up() -> bool:
    """Whether this installation says how mail is sent."""
    return bool(settings.SENDS_MAIL)


def send_mail_now(subject: str, text: str, to: str) -> bool:
    """Send one message; whether the mail server took it."""
    try:
        return EmailMessage(subject, text, to=[to], connection=get_connection(timeout=SECONDS)).send() == 1
    except (OSError, smtplib.SMTPException):
        logger.warning("a message could not be handed to the mail server", exc_info=True)
        return False
