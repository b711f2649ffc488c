"""How django-allauth works in this house: people are invited by an administrator, never sign up by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, OuterRef
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.choices import FactorKind
from accounts.commands import begin_session, forget_session, named, refused_sign_in, signed_in, signed_out
from accounts.devices import device_of
from accounts.models import ListSettings, User, UserQuerySet
from accounts.second_factors import without_second_factor
from activity.remote import remote_address
from common.composed import Composed, kept

WAYS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code from the app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


def signs_in_here(user: Any) -> bool:
    """Whether the person may sign in by what this portal keeps, rather than through a provider alone."""
    return settings.BREAK_GLASS_USER in ("", user.get_username())


class AccountAdapter(DefaultAccountAdapter):
    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Somebody shut out is answered as if the password were wrong: nobody learns by guessing who was here. So is
        whoever signs in elsewhere only."""
        user = super().authenticate(request, **credentials)
        if user is not None and not (user.is_active and signs_in_here(user)):
            self.authentication_failed(request, **credentials)
            return None
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Who tries too often is not heard any more; each try counts as a refusal all the same."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self.authentication_failed(request, **credentials)
            raise

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One count of wrong tries for a person, by whichever of their names they are tried. Looked up for names that
        nobody has just as well, so that no time tells them apart."""
        user = named(str(credentials.get("username") or credentials.get("email") or ""))
        return f"person {user.pk}" if user else super()._get_login_attempts_cache_key(request, **credentials)

    def forget_tries(self, request: HttpRequest, user: User) -> None:
        """Let a person try at once who has just chosen a new password."""
        self._delete_login_attempts_cached_email(request, username=user.username)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address. Where a request has passed fewer proxies than are trusted, it came past them, and
        what it says of itself is not believed."""
        try:
            return super().get_client_ip(request)
        except (PermissionDenied, ImproperlyConfigured):
            address = clean_client_ip(request.META.get("REMOTE_ADDR", ""))
            if not address:
                raise
            return address

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        refused_sign_in(str(credentials.get("username") or credentials.get("email") or ""))

    def pre_login(self, request: HttpRequest, user: Any, **others: Any) -> HttpResponse | None:
        """No way of ours, a passkey included, leads past the providers where people sign in through these alone."""
        came_through = {step["method"] for step in get_authentication_records(request, user)}
        if "socialaccount" not in came_through and not signs_in_here(user):
            clear_login(request)
            return self.respond_user_inactive(request, user)
        found: HttpResponse | None = super().pre_login(request, user, **others)
        return found

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        for way in ways:
            way["description"] = WAYS[way["id"]]
        return [way for way in ways if way["id"] != "reauthenticate" or signs_in_here(user)]

    def login(self, request: HttpRequest, user: Any) -> None:
        device = device_of(request.META.get("HTTP_USER_AGENT", ""))
        with transaction.atomic():
            super().login(request, user)
            begin_session(request.session, user, remote_address(), device)
            signed_in(user, shown_by(request, user), device)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        forget_session(request.session.session_key or "")
        super().logout(request)
        if isinstance(user, User):
            signed_out(user)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Somebody shut out who comes by another way than a password, such as a passkey: told no more than others."""
        self.authentication_failed(request, username=user.get_username())
        messages.error(request, self.error_messages["username_password_mismatch"])
        return redirect("account_login")

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        return super().clean_username(username.lower(), shallow=shallow)


def shown_by(request: HttpRequest, user: User) -> list[str]:
    """By what the person has shown who they are within this session, in words."""
    said = []
    for step in get_authentication_records(request, user):
        kind = FactorKind(step["type"]).label.lower() if step["method"] == "mfa" else step["method"]
        said.append(step.get("provider", kind) if step["method"] == "socialaccount" else kind.replace("_", " "))
    return list(dict.fromkeys(said))


class SignIn(AuthenticationBackend):
    """Signing in by name or address and password; and who a session belongs to."""

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        """One look for who has the name or address, and one look at the password: a name that somebody has takes no
        more time than one that nobody has."""
        name = str(credentials.get("username") or credentials.get("email") or "")
        return self._check_password(named(name), str(credentials.get("password", "")))

    def get_user(self, user_id: int) -> User | None:
        """The person with their role and how they like their lists, in one statement: every page asks what they may."""
        return next(iter(kept(("person", user_id), lambda: Composed(_person(user_id)))), None)


def _person(user_id: int) -> UserQuerySet:
    lists = ListSettings.objects.filter(user=OuterRef("pk"))
    kept_lists = ArraySubquery(lists.values(kept=JSONObject(name="name", columns="columns", closed="closed")))
    everybody = User.objects.active().select_related("role").filter(pk=user_id)
    is_without = ExpressionWrapper(without_second_factor(), output_field=BooleanField())
    return everybody.annotate(kept_lists=kept_lists, is_without_second_factor=is_without)


def display_name(user: User) -> str:
    """What a person is called in the messages that allauth writes."""
    return user.display_name
