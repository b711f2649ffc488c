"""People whom a provider has shown to be who they are: matched, made, given role and teams."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from accounts import verbs
from accounts.commands.people import change_role, create_user, of_user, role_of
from accounts.commands.teams import set_members
from accounts.models import Team, User
from accounts.providers.configuration import AnyProvider, OpenIDConnect
from activity.actors import Actor
from activity.record import Draft, record
from common.command import command
from common.errors import Refused

LONGEST_SUBJECT = 191


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody as a provider describes them; all of it is what others wrote."""

    subject: str
    """Names them for ever with this provider, and is never given to anybody else."""
    username: str = ""
    name: str = ""
    email: str = ""
    email_is_verified: bool = False
    groups: Sequence[str] = ()


@command
def let_in(provider: AnyProvider, outsider: Outsider, *, actor: Actor) -> User:
    """The person that this is, with the role and teams that their groups give.

    They are matched by the subject alone; at their first time by an address that the provider has verified, where it is
    set up so, or made. Raises Refused, in words for the person, for somebody who has no account and is given none, and
    for somebody whose groups give no role.
    """
    if not outsider.subject or len(outsider.subject) > LONGEST_SUBJECT or "\x00" in outsider.subject:
        raise Refused(f"{provider.name} did not say who you are in a way that lasts.")
    with connection.cursor() as cursor:  # who comes twice at once is made once
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"{provider.slug} {outsider.subject}"])
    role = provider.role_of(outsider.groups)
    if provider.roles and not role:
        raise Refused(f"None of your groups at {provider.name} gives you a role here. {settings.SIGN_IN_HELP}")
    known = SocialAccount.objects.filter(provider=provider.slug, uid=outsider.subject).select_related("user").first()
    user = known.user if known else _first_time(provider, outsider, role, actor)
    if not user.is_active:
        return user
    if provider.roles:
        user = change_role(user, role, actor=actor)
    _set_teams(provider, outsider, user, actor)
    return user


@command
def link_person(user: User, provider: AnyProvider, subject: str, *, actor: Actor) -> None:
    """Have whoever the provider calls `subject` be this person. Refused where that is somebody already."""
    known = SocialAccount.objects.filter(provider=provider.slug, uid=subject).select_related("user").first()
    if known and known.user_id == user.pk:
        return
    if known:
        raise Refused(f"“{subject}” is {known.user} already.", field="subject")
    SocialAccount.objects.create(user=user, provider=provider.slug, uid=subject)
    record(Draft(verbs.LINKED, actor, subject=of_user(user), facts={"provider": provider.name}))


def _first_time(provider: AnyProvider, outsider: Outsider, role: str, actor: Actor) -> User:
    email = outsider.email if outsider.email_is_verified and _is_email(outsider.email) else ""
    user = None
    if email and isinstance(provider, OpenIDConnect) and provider.links_by_verified_email:
        user = User.objects.get_queryset().filter(email__iexact=email).first()
    if user is None and not provider.creates_people:
        raise Refused(f"{provider.name} knows you, but you have no account here yet. {settings.SIGN_IN_HELP}")
    if user is None:
        is_taken = User.objects.get_queryset().filter(email__iexact=email).exists()
        username = _free_username(outsider.username or email.partition("@")[0])
        user = create_user(
            username,
            actor=actor,
            display_name=_printable(outsider.name)[:120] or username,
            role=role_of(role).slug,
            password=None,
            email="" if is_taken else email,
        )
    link_person(user, provider, outsider.subject, actor=actor)
    return user


def _set_teams(provider: AnyProvider, outsider: Outsider, user: User, actor: Actor) -> None:
    wanted = {team for group, team in provider.teams.items() if group in outsider.groups}
    teams = Team.objects.present().select_for_update().filter(slug__in=provider.teams.values()).order_by("pk")
    for team in teams:
        members = list(team.members.all())
        if (team.slug in wanted) != (user in members):
            others = [each for each in members if each != user]
            set_members(team, [*others, user] if team.slug in wanted else others, actor=actor)


def _free_username(said: str) -> str:
    """What the provider calls them, as names are written here, with a number where somebody else has it."""
    plain = unicodedata.normalize("NFKD", said.partition("@")[0]).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", plain).strip("-._")[:50] or "person"
    taken = set(User.objects.get_queryset().filter(username__startswith=name).values_list("username", flat=True))
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if each not in taken)


def _printable(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254
