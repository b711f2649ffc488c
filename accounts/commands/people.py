"""Every change to people, teams and their roles; all recorded in the system's own stream."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import verbs
from accounts.choices import ADMIN
from accounts.commands.closing import close
from accounts.models import AccessToken, PersonSession, Role, Team, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Refused

PREFERENCES = ("time_zone", "theme", "density", "has_shortcuts")
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
        role=role_of(role),
        time_zone=settings.TIME_ZONE,
    )
    user.set_password(password)
    check(user)
    user.save()
    opening = [Change("username", None, user.username), Change("role", None, role), Change("email", "", email)]
    _record(verbs.USER_CREATED, actor, of_user(user), [change for change in opening if change.old != change.new])
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
    old, new = user.role, role_of(role)
    if old == new:
        return user
    user.role = new
    user.save(update_fields=["role"])
    _record(verbs.ROLE_CHANGED, actor, of_user(user), [Change("role", old.slug, new.slug)])
    return user


@command
def deactivate(user: User, *, actor: Actor) -> User:
    """Shut a person out, of every browser they are signed in; what they did stays under their name."""
    close(PersonSession.objects.select_for_update().filter(user=user))
    return _set_active(user, False, actor, verbs.DEACTIVATED)


@command
def activate(user: User, *, actor: Actor) -> User:
    return _set_active(user, True, actor, verbs.ACTIVATED)


@command
def set_password(user: User, password: str, *, actor: Actor) -> User:
    """Give a person another password, which ends their other sign-ins; Refused for one that is too easily guessed."""
    user = _locked_user(user)
    if user.check_password(password):
        return user
    _give_password(user, password)
    _record(verbs.PASSWORD_CHANGED, actor, of_user(user), [])
    return user


@command
def reset_password(user: User, password: str, *, actor: Actor) -> User:
    """Give a person the password they chose by a link, even the one they have: the link is used up by it, and their
    sign-ins end. Refused for one that is too easily guessed."""
    user = _locked_user(user)
    _give_password(user, password)
    close(PersonSession.objects.select_for_update().filter(user=user))
    _record(verbs.PASSWORD_RESET, actor, of_user(user), [])
    return user


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
    check(user)
    user.save(update_fields=[change.field for change in changes])
    _record(verbs.PREFERENCES_CHANGED, actor, of_user(user), changes)
    return user


@command
def create_team(slug: str, *, actor: Actor, name: str, members: Iterable[User] = ()) -> Team:
    team = Team(slug=slug, name=name)
    check(team)
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


def _set_active(user: User, active: bool, actor: Actor, verb: Verb) -> User:
    user = _locked_user(user)
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    _record(verb, actor, of_user(user), [Change("is_active", not active, active)])
    return user


def _give_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from None
    user.set_password(password)
    user.save(update_fields=["password"])


def _locked_user(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("role").get(pk=user.pk)


def role_of(slug: str) -> Role:
    """The role of that slug; Refused where there is none."""
    role = Role.objects.filter(slug=slug).first()
    if role is None:
        known = ", ".join(Role.objects.order_by("slug").values_list("slug", flat=True))
        raise Refused(f"There is no role “{slug}”; choose among {known}.", field="role")
    return role


def check(instance: User | Team | AccessToken) -> None:
    """Model validation, with its first finding turned into words for the field."""
    try:
        instance.full_clean(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(" ".join(messages), field="" if field == "__all__" else field) from None


def of_user(user: User) -> Subject:
    return Subject("user", str(user.pk), user.display_name)


def _of_team(team: Team) -> Subject:
    return Subject("team", str(team.pk), team.name)


def _record(verb: Verb, actor: Actor, subject: Subject, changes: list[Change]) -> None:
    record(Draft(verb, actor, subject=subject, changes=changes))
