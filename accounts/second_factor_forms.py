"""Codes and passkeys as people and their devices send them: verified here, kept by commands.

What a browser sends of a passkey is taken apart by a library that expects it to be well formed; whatever it stumbles
over is a wrong answer and nothing else.
"""

from __future__ import annotations

import struct
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as codes
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from allauth.mfa.totp.internal.auth import get_totp_secret, validate_totp_code
from allauth.mfa.webauthn import forms as webauthn
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError

from accounts.models import User

STUMBLES = (ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error, OverflowError, RecursionError)
LARGEST = 32_768
"""Characters of a credential; real ones have some hundreds to a few thousand."""


class CredentialField(forms.JSONField):
    """What a browser says of a passkey: an object of some thousand characters at most."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or len(value) > LARGEST:
            raise get_adapter().validation_error("incorrect_code")
        try:
            given = super().to_python(value)
        except RecursionError:
            given = None
        if not isinstance(given, dict):
            raise get_adapter().validation_error("incorrect_code")
        return given


class _OnceOnly:
    """A code is accepted once (RFC 6238, 5.2), for as long as clocks that differ could still hold it to be right."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        user: User = self.user  # type: ignore[attr-defined]
        if not _is_first_use(user, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


def _is_first_use(user: User, code: str) -> bool:
    lasts = (2 * app_settings.TOTP_TOLERANCE + 1) * app_settings.TOTP_PERIOD
    return bool(cache.add(f"second-factor-used:{user.pk}:{normalize_user_code(code)}", True, timeout=lasts))


class SecondStepCodeForm(_OnceOnly, codes.AuthenticateForm):
    """A code from the app, or a recovery code, after the password."""


class ConfirmByCodeForm(_OnceOnly, codes.ReauthenticateForm):
    """The same, to go on within a session."""


class AuthenticatorAppForm(forms.Form):
    """The first code of an app that has just been given `secret`, which the session keeps until then."""

    code = forms.CharField(
        label="Code from the app",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.user = user
        self.secret = get_totp_secret(regenerate=not self.is_bound)

    def clean_code(self) -> str:
        forget_try = check_rate_limit(self.user, error_key="rate_limited")
        code: str = self.cleaned_data["code"]
        if not (validate_totp_code(self.secret, code) and _is_first_use(self.user, code)):
            raise get_adapter().validation_error("incorrect_code")
        forget_try()
        return code


class PasskeyForm(forms.Form):
    """A passkey that the browser has just made (WebAuthn, section 7.1), and a name for it."""

    name = forms.CharField(max_length=60, label="Name", help_text="To know it by: the device or the key that holds it.")
    credential = CredentialField()

    def clean_credential(self) -> dict[str, Any]:
        credential: dict[str, Any] = self.cleaned_data["credential"]
        try:
            auth.parse_registration_response(credential)
            binding = auth.complete_registration(credential)
        except ValidationError:
            raise
        except STUMBLES:
            raise get_adapter().validation_error("incorrect_code") from None
        if not binding.is_user_verified():
            raise forms.ValidationError(
                "This device did not ask who you are. Set up its PIN, fingerprint or face first, then add it."
            )
        return credential


class PasskeyNameForm(forms.Form):
    name = forms.CharField(max_length=60, label="Name")


class _Answer:
    """The answer of a passkey to a challenge (WebAuthn, section 7.2)."""

    def clean_credential(self) -> Authenticator:
        user: User | None = self.user  # type: ignore[attr-defined]
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            _count_refusal(user)
            raise
        except STUMBLES:
            _count_refusal(user)
            raise get_adapter().validation_error("incorrect_code") from None


class SecondStepForm(_Answer, webauthn.AuthenticateWebAuthnForm):
    """In place of a code, after the password."""

    credential = CredentialField()


class PasskeySignInForm(_Answer, webauthn.LoginWebAuthnForm):
    """In place of name, password and code."""

    credential = CredentialField()


class ConfirmByPasskeyForm(_Answer, webauthn.ReauthenticateWebAuthnForm):
    """To go on within a session."""

    credential = CredentialField()


def _count_refusal(user: User | None) -> None:
    if user is not None:
        authentication_failed.send(Authenticator, request=context.request, user=user, authenticator=None)
