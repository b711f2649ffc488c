"""Keys of machines: made, revoked, used; all recorded in the system's own stream."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from accounts import verbs
from accounts.choices import KEPT_APART, Permission
from accounts.commands.checking import check
from accounts.commands.people import role_of
from accounts.commands.rights import check_may_give, in_words
from accounts.keys import key_digest, new_key
from accounts.models import AccessToken, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
"""As in alerts: what a bound token sends carries this name."""
LONGEST_OWN = timedelta(days=366)
"""A person's own token ends within a year: nobody remembers older ones."""
MOST_OWN = 20
"""Usable tokens of one person."""
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

    Raises Refused unless exactly one of role and source is given, when no alert could name the source, when the token's
    name is taken, and when it would be allowed what the actor may not.
    """
    if bool(role) == bool(source):
        raise Refused("Give the token either a role or a source, not both and not neither.", field="role")
    if source and not SOURCE_NAME.fullmatch(source):
        written = "lower-case letters, digits, “.”, “_” and “-”, at most 64 and starting with a letter or digit"
        raise Refused(f"A source is written in {written}, such as “suricata”.", field="source")
    chosen = role_of(role) if role else None
    given = set(chosen.permissions) - KEPT_APART if chosen else {Permission.SEND_ALERTS}
    check_may_give(given, actor=actor, field="role" if role else "source")
    changes = [Change("role", None, role)] if role else [Change("source", None, source)]
    return _new(AccessToken(name=name, role=chosen, source=source, expires_at=expires_at), changes, actor)


@command
def create_own_token(
    owner: User, name: str, *, permissions: Collection[str], expires_at: datetime, actor: Actor
) -> tuple[AccessToken, str]:
    """A person's own key, for a script of theirs: with some of what they may, until a day within a year. Returns the
    token and the key, which is never shown again.

    Raises Refused, naming the field, for a right that the person does not have or no token has, for none, and for an
    end that is past or too far away.
    """
    owner = User.objects.select_related("role").get(pk=owner.pk)
    chosen = [str(each) for each in Permission if each in permissions]
    unknown = sorted(set(permissions) - set(Permission))
    beyond = (set(chosen) - owner.rights) | (set(chosen) & KEPT_APART)
    if unknown or not chosen:
        what = f"There is no right “{unknown[0][:60]}”." if unknown else "It would open nothing."
        raise Refused(f"{what} Choose at least one of your rights for it.", field="permissions")
    if beyond:
        raise Refused(f"A token of yours cannot have {in_words(beyond)}; leave it out.", field="permissions")
    now = timezone.now()
    if not now < expires_at <= now + LONGEST_OWN:
        raise Refused(f"Let it end within {LONGEST_OWN.days} days from now.", field="expires_at")
    if AccessToken.objects.usable(now).filter(owner=owner).count() >= MOST_OWN:
        raise Refused(f"You have {MOST_OWN} tokens already; revoke one that you do not need.")
    changes = [Change("owner", None, owner.username), Change("permissions", [], chosen)]
    token = AccessToken(name=name, owner=owner, permissions=chosen, expires_at=expires_at)
    return _new(token, changes, actor)


def _new(token: AccessToken, changes: list[Change], actor: Actor) -> tuple[AccessToken, str]:
    key = new_key()
    token.name, token.digest, token.hint = token.name.strip(), key_digest(key), key[:8]
    check(token, whole="name")
    token.save()
    if token.expires_at:
        changes.append(Change("expires_at", None, token.expires_at.isoformat()))
    record(Draft(verbs.TOKEN_CREATED, actor, subject=of_token(token), changes=changes))
    return token, key


@command
def revoke_token(token: AccessToken, *, actor: Actor) -> AccessToken:
    """Let a key open nothing from now on. There is no way back."""
    token = AccessToken.objects.select_for_update(of=("self",)).select_related("owner").get(pk=token.pk)
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
    return Subject("token", str(token.pk), token.label)
