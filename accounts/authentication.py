"""Who speaks through the API, and what they may: service tokens, and permissions named per view and method."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.choices import Permission
from accounts.models import AccessToken, Principal, User

KEY_PREFIX = "wf_"
"""Every key begins with it, so that scanners for leaked secrets recognise one."""


def key_digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer wf_…`. Looked up at each request, so that a revoked token is out at once."""

    def authenticate(self, request: Request) -> tuple[AccessToken, None] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed("Write the header as “Authorization: Bearer ” and the token, nothing else.")
        key = words[1].decode("latin-1")
        token = AccessToken.objects.usable(timezone.now()).filter(digest=key_digest(key)).select_related("role").first()
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked; ask an administrator for a new one.")
        return token, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="watchfloor"'


class NobodyUnlessNamed(BasePermission):
    """Deny by default: a view names the permission each of its methods needs in `needs`, or nobody gets in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed: Permission | None = getattr(view, "needs", {}).get(request.method)
        principal: Any = request.user
        return bool(needed and isinstance(principal, User | AccessToken) and principal.may(needed))


def principal_of(request: Request) -> Principal:
    """The person or token that a request behind NobodyUnlessNamed speaks for."""
    principal: Any = request.user
    assert isinstance(principal, User | AccessToken)
    return principal
