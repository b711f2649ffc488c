"""Second factors as `allauth.mfa` keeps them, in our words: who has which, and how their secrets are kept.

A secret is encrypted with a key made of `SECRET_KEY`, so that a copy of the database alone makes no codes. Under
another key all authenticator apps and recovery codes are void; passkeys hold, since they have no secret here.
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.choices import FactorKind
from accounts.models import User

FACTORS = (FactorKind.APP, FactorKind.PASSKEY)
"""Recovery codes alone are none: they stand in for one that is lost."""


class SecondFactors(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This is not right. Codes change every 30 seconds, and each works once.",
    }

    def get_totp_issuer(self) -> str:
        return f"Watchfloor {self._get_site_name()}"

    def get_totp_label(self, user: User) -> str:
        return user.username

    def encrypt(self, text: str) -> str:
        return _cipher(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that nobody knows where it was encrypted under another key."""
        try:
            return _cipher(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return generate_totp_secret()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        return "Passkey"


@functools.lru_cache(maxsize=2)
def _cipher(key: str) -> Fernet:
    """RFC 5869 makes the key; Fernet is AES-128 in CBC mode with an HMAC."""
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"watchfloor second factors").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


@dataclass(frozen=True, slots=True)
class Factor:
    """One of a person's factors, as pages show it."""

    id: int
    kind: FactorKind
    name: str
    since: datetime
    used_at: datetime | None


def factors_of(user: User) -> list[Factor]:
    """All but recovery codes, the oldest first."""
    rows = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).order_by("pk")
    return [Factor(row.pk, FactorKind(row.type), name_of(row), row.created_at, row.last_used_at) for row in rows]


def name_of(row: Authenticator) -> str:
    """What a person knows a factor by: the name they gave a passkey, or its kind."""
    kind = FactorKind(row.type)
    return row.data.get("name") or kind.label if kind == FactorKind.PASSKEY else kind.label


def unused_codes(user: User) -> list[str] | None:
    """The recovery codes that are left; None where none were ever made."""
    row = Authenticator.objects.filter(user_id=user.pk, type=FactorKind.RECOVERY_CODES).first()
    return list(row.wrap().get_unused_codes()) if row else None


def people_with_factor() -> QuerySet[Authenticator, int]:
    """Numbers of the people who have a second factor."""
    return Authenticator.objects.filter(type__in=FACTORS).values_list("user_id", flat=True)


def without_second_factor() -> Q:
    """People whose role demands a second factor and who have none."""
    has_one = Exists(Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=FACTORS))
    return Q(role__demands_second_factor=True) & ~Q(has_one)
