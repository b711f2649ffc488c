"""Who speaks through the API, and what they may: service tokens, and permissions named per view and method."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed, MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.choices import Knock, Permission
from accounts.commands import count_refusal, record_use
from accounts.commands.tokens import USE_TOLD_EVERY
from accounts.keys import key_digest
from accounts.models import AccessToken, Principal, User
from activity.remote import remote_address
from common.api import ForPersonsOnly

logger = logging.getLogger(__name__)

EVERYBODY = "everybody"
"""In the place of a permission: whoever may use the API at all."""
MOST_REMEMBERED = 10_000
_recorded: dict[tuple[str, str], float] = {}
"""Tokens and addresses whose use this process knows to be recorded, and until when: no statement for each request."""


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer wf_…`. Looked up at each request, so that a revoked token is out at once."""

    def authenticate(self, request: Request) -> tuple[AccessToken, None] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Write the header as “Authorization: Bearer ” and the token, nothing else.")
        key = words[1].decode("latin-1")
        digest = key_digest(key)
        token = AccessToken.objects.usable(timezone.now()).with_rights().filter(digest=digest).first()
        if token is None:
            known = AccessToken.objects.select_related("owner").filter(digest=digest).first()
            count_refusal(Knock.TOKEN_REFUSED, token=known)
            raise AuthenticationFailed("The token is unknown, expired or revoked; ask an administrator for a new one.")
        note_use(token)
        return token, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="watchfloor"'


class SecondFactorDemanded(APIException):
    """Said with words of its own: no administrator is needed, the person themselves can change it."""

    status_code = 403
    default_detail = "Second factor demanded"


class SignedInPerson(SessionAuthentication):
    """The person of a browser's session; refused while their role demands a second factor that they lack."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        found: tuple[User, None] | None = super().authenticate(request)
        if found and found[0].lacks_second_factor:
            where = reverse("security:overview")
            raise SecondFactorDemanded(f"Your role takes a second factor. Set one up in the browser, at {where}.")
        return found


def note_use(token: AccessToken) -> None:
    """Have the first use within an hour recorded, from each address. Where the log is busy, the next request tries
    again: no sender waits for it."""
    address = remote_address()
    known, now = (token.digest, address), time.monotonic()
    if _recorded.get(known, 0) > now:
        return
    try:
        record_use(token, actor=token.as_actor(), address=address)
    except DatabaseError:
        logger.warning("the use of the token %s could not be recorded yet", token, exc_info=True)
        return
    if len(_recorded) >= MOST_REMEMBERED:
        _recorded.clear()
    _recorded[known] = now + USE_TOLD_EVERY.total_seconds()


class NobodyUnlessNamed(BasePermission):
    """Deny by default: a view names the permission each of its methods needs in `needs`, or nobody gets in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needs: dict[str, Permission] = getattr(view, "needs", {})
        principal: Any = request.user
        if not isinstance(principal, User | AccessToken):
            return False
        if request.method not in needs:
            raise MethodNotAllowed(str(request.method))
        permission = needs[request.method]
        return permission == EVERYBODY or principal.may(permission)


class SomebodysOwn(BasePermission):
    """What belongs to people whatever their role: a person, or a token that a person has made for themselves."""

    def has_permission(self, request: Request, view: Any) -> bool:
        principal: Any = request.user
        if isinstance(principal, AccessToken):
            return principal.owner is not None and principal.owner.is_active
        return isinstance(principal, User) and principal.is_active


def principal_of(request: Request) -> Principal:
    """The person or token that a request behind NobodyUnlessNamed speaks for."""
    principal: Any = request.user
    assert isinstance(principal, User | AccessToken)
    return principal


def person_of(request: Request, what: str) -> User:
    """The person that a request speaks for; raises ForPersonsOnly where a token asks for what (“Notices”) people alone
    have."""
    principal = principal_of(request)
    if not isinstance(principal, User):
        raise ForPersonsOnly(what)
    return principal
