"""How django-allauth works in this house: people are invited by an administrator, never sign up by themselves."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from accounts.models import ListSettings, User, UserQuerySet
from common.composed import Composed, kept


class AccountAdapter(DefaultAccountAdapter):
    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Somebody shut out is answered as if the password were wrong: nobody learns by guessing who was here."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

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
