"""Every change to roles; all recorded in the system's own stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from accounts import verbs
from accounts.choices import KEPT_APART, Permission
from accounts.commands.checking import check
from accounts.commands.meanwhile import check_meanwhile
from accounts.commands.rights import (
    check_may_give,
    check_somebody_remains,
    in_words,
    lock_rights,
    person_behind,
    rights_of,
    somebody_manages_people,
)
from accounts.models import AccessToken, Invitation, Role, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

LONGEST_SLUG = 50
MOST_NAMED = 5


@command
def create_role(name: str, permissions: Collection[str], *, actor: Actor, slug: str = "") -> Role:
    """A role that allows these. Its slug is made of the name where none is given.

    Raises Refused, naming the field, for a name that is taken, a right that there is not, and one that the actor does
    not have.
    """
    chosen = _checked(permissions)
    check_may_give(chosen, actor=actor, field="permissions")
    role = Role(slug=slug or slugify(name)[:LONGEST_SLUG].strip("-_"), name=name.strip(), permissions=chosen)
    if not role.slug:
        raise Refused("Give it a name with Latin letters or digits; addresses are made of it.", field="name")
    if not slug and Role.objects.filter(slug=role.slug).exists():
        raise Refused("There is a role of much the same name already; call this one otherwise.", field="name")
    check(role, exclude=["permissions"])
    role.save()
    changes = [Change("name", None, role.name), *([Change("permissions", [], chosen)] if chosen else [])]
    record(Draft(verbs.ROLE_CREATED, actor, subject=of_role(role), changes=changes))
    return role


@command
def redefine_role(
    role: Role,
    *,
    actor: Actor,
    name: str | None = None,
    permissions: Collection[str] | None = None,
    was: Mapping[str, Any] | None = None,
) -> Role:
    """Call a role otherwise, or let it allow other things: for all who have it, from their next request on.

    `was` holds the values that the actor saw: where somebody has changed the same one since, raises Conflict. Raises
    Refused, naming the field, as create_role does, for what is given or taken away that the actor may not do, and where
    nobody would be left who may manage people.
    """
    lock_rights()
    role = Role.objects.select_for_update().get(pk=role.pk)
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = name.strip()
    if permissions is not None:
        wanted["permissions"] = _checked(permissions)
    present = {"name": role.name, "permissions": _ordered(role.permissions)}
    seen = {field: _ordered(value) if field == "permissions" else value for field, value in (was or {}).items()}
    check_meanwhile(of_role(role), wanted, present, seen)
    changes = [Change(field, present[field], value) for field, value in wanted.items() if value != present[field]]
    if not changes:
        return role
    was_somebody = somebody_manages_people()
    _check_may_change(role, wanted.get("permissions", role.permissions), actor)
    for change in changes:
        setattr(role, change.field, change.new)
    check(role, exclude=["permissions"])
    role.save(update_fields=[change.field for change in changes])
    check_somebody_remains(was_somebody, field="permissions")
    record(Draft(verbs.ROLE_REDEFINED, actor, subject=of_role(role), changes=changes))
    return role


@command
def delete_role(role: Role, *, actor: Actor) -> None:
    """Take a role away that nobody has. Raises Refused for one that came with the installation, and for one that is in
    use, naming who has it. Revoked tokens and invitations of the past are left without one."""
    lock_rights()
    stored = Role.objects.select_for_update().filter(pk=role.pk).first()
    if stored is None:
        raise Refused("The role was deleted meanwhile.")
    if stored.is_built_in:
        raise Refused(f"“{stored.name}” came with the installation; it can be changed, but not deleted.")
    if holders := holders_of(stored):
        raise Refused(f"“{stored.name}” is in use: {holders_in_words(holders)}. Give them another role first.")
    _check_may_change(stored, (), actor)
    subject = of_role(stored)
    revoked = sorted(stored.tokens.values_list("name", flat=True))
    changes = [Change("name", stored.name, None)]
    if stored.permissions:
        changes.append(Change("permissions", _ordered(stored.permissions), None))
    stored.delete()
    facts = {"revoked_tokens": revoked} if revoked else {}
    record(Draft(verbs.ROLE_DELETED, actor, subject=subject, changes=changes, facts=facts))


def holders_of(role: Role) -> list[str]:
    """Who has a role, by name: people, also those shut out, tokens that are not revoked, and open invitations."""
    people = User.objects.get_queryset().filter(role=role).order_by("display_name")
    tokens = AccessToken.objects.filter(role=role, revoked_at__isnull=True).order_by("name")
    invitations = Invitation.objects.open(timezone.now()).filter(role=role).order_by("pk")
    return [
        *people.values_list("display_name", flat=True),
        *(f"the token “{name}”" for name in tokens.values_list("name", flat=True)),
        *(f"the invitation of {invitation}" for invitation in invitations),
    ]


def holders_in_words(holders: Sequence[str]) -> str:
    """“Ana Ruiz, Rio Sato and 3 more have it”."""
    more = len(holders) - MOST_NAMED
    shown = ", ".join(holders[:MOST_NAMED])
    has = "has" if len(holders) == 1 else "have"
    return f"{shown} and {more} more have it" if more > 0 else f"{shown} {has} it"


def of_role(role: Role) -> Subject:
    return Subject("role", str(role.pk), role.name)


def _check_may_change(role: Role, permissions: Collection[str], actor: Actor) -> None:
    """What is added must be the actor's to give, and what is taken away as well: or else somebody who manages people,
    but may not read the system's log, could take that from those who do."""
    gained, lost = set(permissions) - set(role.permissions), set(role.permissions) - set(permissions)
    to = [person_behind(actor)] if _has(role, actor) else []
    check_may_give(gained, actor=actor, to=to, field="permissions")
    if beyond := lost - rights_of(actor) - KEPT_APART:
        raise Refused(f"You cannot take away what you may not do yourself: {in_words(beyond)}.", field="permissions")


def _has(role: Role, actor: Actor) -> bool:
    me = person_behind(actor)
    return me is not None and User.objects.get_queryset().filter(pk=me, role=role).exists()


def _checked(permissions: Collection[str]) -> list[str]:
    unknown = sorted(set(permissions) - set(Permission))
    if unknown:
        raise Refused(f"There is no right “{unknown[0][:60]}”.", field="permissions")
    return _ordered(permissions)


def _ordered(permissions: Collection[str]) -> list[str]:
    """Always in the same order, so that equal sets are equal lists."""
    return [str(each) for each in Permission if each in permissions]
