"""The mail with a link to a new password."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.commands.resets import MOST_IN_AN_HOUR
from accounts.models import ResetRequest, User


def whom_it_concerns(request: ResetRequest) -> User | None:
    """Who is sent a link: somebody active who has this address and signs in by password, unless they were sent
    MOST_IN_AN_HOUR within the last hour."""
    if not request.email:
        return None
    user = User.objects.active().filter(email__iexact=request.email).first()
    if user is None or not user.has_usable_password() or settings.BREAK_GLASS_USER not in ("", user.username):
        return None
    since = timezone.now() - timedelta(hours=1)
    sent = ResetRequest.objects.filter(user=user, sent_at__gt=since).count()
    return user if sent < MOST_IN_AN_HOUR else None


def send_link(user: User, origin: str) -> None:
    """Raises OSError or SMTPException where the mail server does not take it."""
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    link = origin + reverse("choose_password", args=[uid, token])
    text = render_to_string("account/mail/reset.txt", {"user": user, "link": link})
    send_mail("A new password for Watchfloor", text, None, [user.email])
