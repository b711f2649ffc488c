"""Every change to people; all recorded in the system's own stream."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection

from accounts import verbs
from accounts.choices import ADMIN
from accounts.commands.checking import check
from accounts.commands.closing import close
from accounts.commands.meanwhile import check_meanwhile
from accounts.commands.rights import (
    check_may_administer,
    check_may_give,
    check_somebody_remains,
    lock_rights,
    somebody_manages_people,
)
from accounts.commands.teams import join_and_leave, teams_of
from accounts.models import PersonSession, Role, User
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
    username: str,
    *,
    actor: Actor,
    display_name: str,
    role: str,
    password: str | None,
    email: str = "",
    teams: Sequence[str] = (),
) -> User:
    """Add a person with the role of that slug, to the teams of these slugs. Without a password they cannot sign in
    until one is set.

    Raises Refused, naming the field, for a name or address that is taken or malformed, and for a role that allows what
    the actor may not.
    """
    check_may_give(role_of(role).permissions, actor=actor)
    user = new_user(username, actor=actor, display_name=display_name, role=role, password=password, email=email)
    join_and_leave(user, teams, actor=actor)
    return user


def new_user(
    username: str,
    *,
    actor: Actor,
    display_name: str,
    role: str,
    password: str | None,
    email: str = "",
    facts: dict[str, Any] | None = None,
) -> User:
    """Store a person and record it, for a command that has seen to it that they may be given the role."""
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
    changes = [change for change in opening if change.old != change.new]
    record(Draft(verbs.USER_CREATED, actor, subject=of_user(user), changes=changes, facts=facts or {}))
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
    user = new_user("admin", actor=actor, display_name="Administrator", role=ADMIN, password=password)
    return user, password


@command
def change_user(
    user: User,
    *,
    actor: Actor,
    display_name: str | None = None,
    email: str | None = None,
    role: str | None = None,
    teams: Sequence[str] | None = None,
    was: Mapping[str, Any] | None = None,
) -> User:
    """Change a person's name, address, role (by slug) or teams (the slugs of all); what is None stays.

    `was` holds the values that the actor saw, by the same names: where somebody has changed the same field since,
    raises Conflict. Raises Refused, naming the field, for a value that cannot be, for rights that the actor cannot
    give, and where nobody would be left who may manage people.
    """
    lock_rights()
    user = _locked_user(user)
    said = {"display_name": display_name, "email": email, "role": role, "teams": teams}
    wanted = {name: _as_logged(name, value) for name, value in said.items() if value is not None}
    present = {
        "display_name": user.display_name,
        "email": user.email,
        "role": user.role.slug,
        "teams": teams_of(user) if teams is not None else [],
    }
    check_meanwhile(
        of_user(user), wanted, present, {name: _as_logged(name, value) for name, value in (was or {}).items()}
    )
    differs = {name: value for name, value in wanted.items() if value != present[name]}
    if "role" in differs:
        role_of(differs["role"])  # one that there is not is refused before anything is written
    if {"display_name", "email"} & differs.keys():
        _rename(user, differs, present, actor)
    if "role" in differs:
        _give_role(user, differs["role"], actor)
    if "teams" in differs:
        join_and_leave(user, differs["teams"], actor=actor)
    return user


def _as_logged(name: str, value: Any) -> Any:
    if name == "teams":
        return sorted(set(value))
    return value.strip().lower() if name == "email" else value.strip()


def _rename(user: User, wanted: Mapping[str, Any], present: Mapping[str, Any], actor: Actor) -> None:
    changes = [Change(name, present[name], wanted[name]) for name in ("display_name", "email") if name in wanted]
    check_may_administer(user, actor=actor, field=changes[0].field)
    for change in changes:
        setattr(user, change.field, change.new)
    check(user)
    user.save(update_fields=[change.field for change in changes])
    _record(verbs.USER_CHANGED, actor, of_user(user), changes)


@command
def change_role(user: User, role: str, *, actor: Actor) -> User:
    """Give a person the role of that slug instead of theirs. Raises Refused as change_user does."""
    lock_rights()
    user = _locked_user(user)
    if role_of(role) != user.role:
        _give_role(user, role, actor)
    return user


def _give_role(user: User, role: str, actor: Actor) -> None:
    old, new, was_somebody = user.role, role_of(role), somebody_manages_people()
    check_may_administer(user, actor=actor, field="role")
    gained = set(new.permissions) - set(old.permissions)
    check_may_give(gained, actor=actor, to=[user.pk])
    user.role = new
    user.save(update_fields=["role"])
    check_somebody_remains(was_somebody, field="role")
    _record(verbs.ROLE_CHANGED, actor, of_user(user), [Change("role", old.slug, new.slug)])


@command
def deactivate(user: User, *, actor: Actor) -> User:
    """Shut a person out, of every browser they are signed in, and their tokens; what they did stays under their name.
    Refused for the last who may manage people. Whoever manages people may do it to anybody, since it may have to be
    done at once."""
    lock_rights()
    was_somebody = somebody_manages_people()
    close(PersonSession.objects.select_for_update().filter(user=user))
    user = _set_active(user, False, actor, verbs.DEACTIVATED)
    check_somebody_remains(was_somebody)
    return user


@command
def activate(user: User, *, actor: Actor) -> User:
    """Let a person in again, with role, teams and tokens as they were. Refused where they may more than the actor."""
    lock_rights()
    check_may_administer(_locked_user(user), actor=actor)
    return _set_active(user, True, actor, verbs.ACTIVATED)


@command
def set_password(user: User, password: str, *, actor: Actor) -> User:
    """Give a person another password, which ends their other sign-ins; Refused for one that is too easily guessed, and
    where the person may more than the actor."""
    user = _locked_user(user)
    check_may_administer(user, actor=actor)
    return _set_password(user, password, actor)


@command
def change_own_password(user: User, *, current: str, password: str, actor: Actor) -> User:
    """Exchange one's password, knowing the present one; all other sign-ins of the person end. Raises Refused at
    `current` where that is wrong, and at `password` for one that is too easily guessed or the same."""
    user = _locked_user(user)
    if not user.check_password(current):
        raise Refused("This is not your present password.", field="current")
    if current == password:
        raise Refused("This is your present password; choose another.", field="password")
    return _set_password(user, password, actor)


def _set_password(user: User, password: str, actor: Actor) -> User:
    if user.check_password(password):
        return user
    _give_password(user, password)
    _record(verbs.PASSWORD_CHANGED, actor, of_user(user), [])
    return user


def check_password_strength(password: str, user: User) -> None:
    """Raises Refused, with all that is wrong, for a password that is too easily guessed."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), field="password") from None


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


def _set_active(user: User, active: bool, actor: Actor, verb: Verb) -> User:
    user = _locked_user(user)
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    _record(verb, actor, of_user(user), [Change("is_active", not active, active)])
    return user


def _give_password(user: User, password: str) -> None:
    check_password_strength(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])


def _locked_user(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("role").get(pk=user.pk)


def role_of(slug: str) -> Role:
    """The role of that slug; Refused where there is none."""
    role = Role.objects.filter(slug=slug).first() if "\x00" not in slug else None
    if role is None:
        known = ", ".join(Role.objects.order_by("slug").values_list("slug", flat=True))
        raise Refused(f"There is no role “{slug[:60]}”; choose among {known}.", field="role")
    return role


def of_user(user: User) -> Subject:
    return Subject("user", str(user.pk), user.display_name)


def _record(verb: Verb, actor: Actor, subject: Subject, changes: list[Change]) -> None:
    record(Draft(verb, actor, subject=subject, changes=changes))
