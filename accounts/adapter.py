"""How django-allauth works in this house: people are invited by an administrator, never sign up by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from accounts.commands import refused_sign_in, signed_in, signed_out
from accounts.models import ListSettings, User, UserQuerySet
from common.composed import Composed, kept


class AccountAdapter(DefaultAccountAdapter):
    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Somebody shut out is answered as if the password were wrong: nobody learns by guessing who was here."""
        user = super().authenticate(request, **credentials)
        if user is not None and not user.is_active:
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

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        refused_sign_in(str(credentials.get("username") or credentials.get("email") or ""))

    def login(self, request: HttpRequest, user: Any) -> None:
        with transaction.atomic():
            super().login(request, user)
            signed_in(user)

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if isinstance(user, User):
            signed_out(user)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        return super().clean_username(username.lower(), shallow=shallow)


class SignIn(AuthenticationBackend):
    """Signing in by name or address and password; and who a session belongs to."""

    def get_user(self, user_id: int) -> User | None:
        """The person with their role and how they like their lists, in one statement: every page asks what they may."""
        return next(iter(kept(("person", user_id), lambda: Composed(_person(user_id)))), None)


def _person(user_id: int) -> UserQuerySet:
    lists = ListSettings.objects.filter(user=OuterRef("pk"))
    kept_lists = ArraySubquery(lists.values(kept=JSONObject(name="name", columns="columns", closed="closed")))
    return User.objects.active().select_related("role").annotate(kept_lists=kept_lists).filter(pk=user_id)


def display_name(user: User) -> str:
    """What a person is called in the messages that allauth writes."""
    return user.display_name
