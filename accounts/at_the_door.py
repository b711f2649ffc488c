"""What `allauth` tells of while somebody proves who they are, for the log."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_used
from django.dispatch import receiver

from accounts.choices import FactorKind
from accounts.commands import record_factor_use, refused_sign_in
from accounts.models import User


@receiver(authenticator_used)
def factor_was_used(user: User, authenticator: Authenticator, reauthenticated: bool = False, **others: Any) -> None:
    if reauthenticated or authenticator.type == FactorKind.RECOVERY_CODES:
        record_factor_use(authenticator, actor=user.as_actor())


@receiver(authentication_failed)
def factor_was_wrong(user: User, **others: Any) -> None:
    """Guessing at the second step counts as a refusal at the door, like guessing at the first."""
    refused_sign_in(user.username)
