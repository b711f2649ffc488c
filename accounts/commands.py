"""Every change to people, teams, roles and tokens; all recorded in the system's own stream."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts import verbs
from accounts.authentication import KEY_PREFIX, key_digest
from accounts.choices import ADMIN
from accounts.models import AccessToken, ListSettings, Role, Team, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused

PREFERENCES = ("time_zone", "theme", "density", "has_shortcuts")
SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
"""As in alerts: what a bound token sends carries this name."""
MOST_CLOSED = 200
"""Parts of a list remembered as closed; the oldest are forgotten."""
FIRST_START_LOCK = 0x57464C52
"""Key of the advisory lock that lets only one process create the first administrator."""


@command
def create_user(
    username: str, *, actor: Actor, display_name: str, role: str, password: str | None, email: str = ""
) -> User:
    """Add a person with the role of that slug. Without a password they cannot sign in until one is set.

    Raises Refused, naming the field, for a name or address that is taken or malformed.
    """
    email = email.lower()  # sign-in looks addresses up in lower case
    user = User(
        username=username.lower(),
        display_name=display_name,
        email=email,
        role=_role(role),
        time_zone=settings.TIME_ZONE,
    )
    user.set_password(password)
    _check(user)
    user.save()
    opening = [Change("username", None, user.username), Change("role", None, role), Change("email", "", email)]
    _record(verbs.USER_CREATED, actor, _of_user(user), [change for change in opening if change.old != change.new])
    return user


@command
def create_first_administrator(*, actor: Actor) -> tuple[User, str] | None:
    """On an installation without users: an administrator and a random password, which is not kept anywhere.

    None when there are users already.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_START_LOCK])
    if User.objects.exists():
        return None
    password = secrets.token_urlsafe(15)
    user = create_user("admin", actor=actor, display_name="Administrator", role=ADMIN, password=password)
    return user, password


@command
def change_role(user: User, role: str, *, actor: Actor) -> User:
    user = _locked_user(user)
    old, new = user.role, _role(role)
    if old == new:
        return user
    user.role = new
    user.save(update_fields=["role"])
    _record(verbs.ROLE_CHANGED, actor, _of_user(user), [Change("role", old.slug, new.slug)])
    return user


@command
def deactivate(user: User, *, actor: Actor) -> User:
    """Shut a person out; what they did stays under their name."""
    return _set_active(user, False, actor, verbs.DEACTIVATED)


@command
def activate(user: User, *, actor: Actor) -> User:
    return _set_active(user, True, actor, verbs.ACTIVATED)


@command
def set_preferences(user: User, preferences: dict[str, Any], *, actor: Actor) -> User:
    """Change a person's time zone, theme, density or shortcuts; raises Refused for a value that is none."""
    user = _locked_user(user)
    changes = []
    for name, value in preferences.items():
        if name not in PREFERENCES:
            raise Refused(f"“{name}” is no preference; choose among {', '.join(PREFERENCES)}.", field=name)
        old = getattr(user, name)
        if old != value:
            setattr(user, name, value)
            changes.append(Change(name, old, value))
    if not changes:
        return user
    _check(user)
    user.save(update_fields=[change.field for change in changes])
    _record(verbs.PREFERENCES_CHANGED, actor, _of_user(user), changes)
    return user


@command
def create_team(slug: str, *, actor: Actor, name: str, members: Iterable[User] = ()) -> Team:
    team = Team(slug=slug, name=name)
    _check(team)
    team.save()
    chosen = sorted(members, key=lambda member: member.username)
    team.members.set(chosen)
    changes = [Change("name", None, name)]
    if chosen:
        changes.append(Change("members", [], [member.username for member in chosen]))
    _record(verbs.TEAM_CREATED, actor, _of_team(team), changes)
    return team


@command
def set_members(team: Team, members: Iterable[User], *, actor: Actor) -> Team:
    """Make these people, and nobody else, the members of the team."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    old = sorted(team.members.values_list("username", flat=True))
    chosen = list(members)
    new = sorted(member.username for member in chosen)
    if old == new:
        return team
    team.members.set(chosen)
    _record(verbs.MEMBERS_CHANGED, actor, _of_team(team), [Change("members", old, new)])
    return team


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
        role=_role(role) if role else None,
        source=source,
        expires_at=expires_at,
    )
    _check(token)
    token.save()
    changes = [Change("role", None, role)] if role else [Change("source", None, source)]
    if expires_at:
        changes.append(Change("expires_at", None, expires_at.isoformat()))
    _record(verbs.TOKEN_CREATED, actor, Subject("token", str(token.pk), name), changes)
    return token, key


@command
def revoke_token(token: AccessToken, *, actor: Actor) -> AccessToken:
    token = AccessToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at:
        return token
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    change = Change("revoked_at", None, token.revoked_at.isoformat())
    _record(verbs.TOKEN_REVOKED, actor, Subject("token", str(token.pk), token.name), [change])
    return token


def keep_columns(user: User, name: str, columns: Sequence[str]) -> None:
    """Remember the columns a person likes in a list; none for the usual ones. Nobody else's matter: not in the log."""
    ListSettings.objects.update_or_create(user=user, name=name, defaults={"columns": list(columns)})


def keep_part(user: User, name: str, part: str, *, closed: bool) -> None:
    """Remember that a person closed or opened a part of a list, such as its strip or a group. Not in the log either."""
    with transaction.atomic():
        ListSettings.objects.get_or_create(user=user, name=name)
        settings = ListSettings.objects.select_for_update().get(user=user, name=name)
        others = [each for each in settings.closed if each != part]
        settings.closed = [*others, part][-MOST_CLOSED:] if closed else others
        settings.save(update_fields=["closed"])


def _set_active(user: User, active: bool, actor: Actor, verb: Verb) -> User:
    user = _locked_user(user)
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    _record(verb, actor, _of_user(user), [Change("is_active", not active, active)])
    return user


def _locked_user(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("role").get(pk=user.pk)


def _role(slug: str) -> Role:
    role = Role.objects.filter(slug=slug).first()
    if role is None:
        known = ", ".join(Role.objects.order_by("slug").values_list("slug", flat=True))
        raise Refused(f"There is no role “{slug}”; choose among {known}.", field="role")
    return role


def _check(instance: User | Team | AccessToken) -> None:
    """Model validation, with its first finding turned into words for the field."""
    try:
        instance.full_clean(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(" ".join(messages), field="" if field == "__all__" else field) from None


def _of_user(user: User) -> Subject:
    return Subject("user", str(user.pk), user.display_name)


def _of_team(team: Team) -> Subject:
    return Subject("team", str(team.pk), team.name)


def _record(verb: Verb, actor: Actor, subject: Subject, changes: list[Change]) -> None:
    record(Draft(verb, actor, subject=subject, changes=changes))
