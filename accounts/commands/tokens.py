"""Keys of machines: made, revoked, used; all recorded in the system's own stream."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts import verbs
from accounts.commands.people import check, role_of
from accounts.keys import KEY_PREFIX, key_digest
from accounts.models import AccessToken
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
"""As in alerts: what a bound token sends carries this name."""
USE_TOLD_EVERY = timedelta(hours=1)
"""Of each token from each address."""
USED = """
INSERT INTO accounts_tokenuse AS used (token_id, address, used_at) VALUES (%s, %s, clock_timestamp())
ON CONFLICT (token_id, address) DO UPDATE SET used_at = excluded.used_at
WHERE used.used_at < excluded.used_at - make_interval(secs => %s) RETURNING id
"""


@command
def create_token(
    name: str, *, actor: Actor, role: str = "", source: str = "", expires_at: datetime | None = None
) -> tuple[AccessToken, str]:
    """A key with a role, or bound to one ingest source. Returns the token and the key, which is never shown again.

    Raises Refused unless exactly one of role and source is given, when no alert could name the source, or when the
    token's name is taken.
    """
    if bool(role) == bool(source):
        raise Refused("Give the token either a role or a source, not both and not neither.", field="role")
    if source and not SOURCE_NAME.fullmatch(source):
        written = "lower-case letters, digits, “.”, “_” and “-”, at most 64 and starting with a letter or digit"
        raise Refused(f"A source is written in {written}, such as “suricata”.", field="source")
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    token = AccessToken(
        name=name,
        digest=key_digest(key),
        hint=key[:8],
        role=role_of(role) if role else None,
        source=source,
        expires_at=expires_at,
    )
    check(token)
    token.save()
    changes = [Change("role", None, role)] if role else [Change("source", None, source)]
    if expires_at:
        changes.append(Change("expires_at", None, expires_at.isoformat()))
    record(Draft(verbs.TOKEN_CREATED, actor, subject=of_token(token), changes=changes))
    return token, key


@command
def revoke_token(token: AccessToken, *, actor: Actor) -> AccessToken:
    token = AccessToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at:
        return token
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    change = Change("revoked_at", None, token.revoked_at.isoformat())
    record(Draft(verbs.TOKEN_REVOKED, actor, subject=of_token(token), changes=[change]))
    return token


@command
def record_use(token: AccessToken, *, actor: Actor, address: str) -> None:
    """Record that the token is used from this address, unless that was recorded within the last hour."""
    with connection.cursor() as cursor:
        cursor.execute(USED, [token.pk, address, USE_TOLD_EVERY.total_seconds()])
        is_new = cursor.fetchone() is not None
    if is_new:
        record(Draft(verbs.TOKEN_USED, actor, subject=of_token(token)))


def of_token(token: AccessToken) -> Subject:
    return Subject("token", str(token.pk), token.name)
