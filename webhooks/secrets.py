"""Secrets that messages are signed with: made by us, kept sealed, so that a copy of the database alone signs nothing.

Source of their form: Standard Webhooks, “whsec_” and 24 to 64 random bytes in base64.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import secrets
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from standardwebhooks import Webhook

from webhooks.models import Subscription

PREFIX = "whsec_"
BYTES = 32


class Unreadable(Exception):
    """The secret was sealed under another SECRET_KEY."""


def new_secret() -> str:
    """A secret that nobody has had before."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def sealed(secret: str) -> str:
    """As the database keeps it."""
    return _box(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def opened(kept: str) -> str:
    """A secret that was sealed. Raises Unreadable after the SECRET_KEY was changed."""
    try:
        return _box(settings.SECRET_KEY).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise Unreadable("Its secret cannot be read any more; give it a new one.") from None


def fingerprint(kept: str) -> str:
    """Tells secrets apart in the log without saying anything of them."""
    return hashlib.sha256(kept.encode()).hexdigest()[:8] if kept else ""


def secrets_of(subscription: Subscription, now: datetime) -> list[str]:
    """What its messages are signed with at this moment: its secret, and for a day the one before. Raises Unreadable."""
    found = [opened(subscription.secret)]
    if subscription.former_secret and subscription.former_until and subscription.former_until > now:
        found.append(opened(subscription.former_secret))
    return found


def signatures(secrets: list[str], message_id: str, now: datetime, body: str) -> str:
    """The header `webhook-signature`: one signature for each secret."""
    return " ".join(Webhook(secret).sign(message_id, now, body) for secret in secrets)


@functools.lru_cache(maxsize=2)
def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"watchfloor webhooks").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
