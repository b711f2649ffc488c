"""Every change to second factors: added, renamed, removed, demanded; all recorded in the system's own stream.

Secrets and codes never stand in an entry.
"""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn

from accounts import verbs
from accounts.choices import FactorKind
from accounts.commands.people import of_user
from accounts.models import Role, User
from accounts.second_factors import FACTORS, name_of
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from common.command import command
from common.errors import Refused

LONGEST_NAME = 60
MOST_PASSKEYS = 20


@command
def add_authenticator_app(user: User, secret: str, *, actor: Actor) -> Authenticator:
    """Have codes made of this secret (base 32, RFC 6238) accepted; the first factor brings recovery codes along.

    Raises Refused where there is an app already.
    """
    _lock(user)
    if Authenticator.objects.filter(user=user, type=FactorKind.APP).exists():
        raise Refused("There is an authenticator app already. Remove it first, then set up the other.", field="code")
    return _added(TOTP.activate(user, secret).instance, user, actor)


@command
def add_passkey(user: User, credential: dict[str, Any], *, actor: Actor, name: str) -> Authenticator:
    """Keep a credential that the person's authenticator has made and `second_factor_forms` has verified.

    Raises Refused for a name that is too long, and for more passkeys than anybody uses.
    """
    _lock(user)
    name = _checked_name(name)
    if Authenticator.objects.filter(user=user, type=FactorKind.PASSKEY).count() >= MOST_PASSKEYS:
        raise Refused(
            f"There are {MOST_PASSKEYS} passkeys already. Remove one that is not used any more.", field="name"
        )
    return _added(WebAuthn.add(user, name, credential).instance, user, actor)


@command
def rename_passkey(factor: Authenticator, name: str, *, actor: Actor) -> Authenticator:
    factor = Authenticator.objects.select_for_update().get(pk=factor.pk)
    old, new = name_of(factor), _checked_name(name)
    if old == new:
        return factor
    factor.data["name"] = new
    factor.save(update_fields=["data"])
    subject = Subject("passkey", str(factor.pk), new)
    record(Draft(verbs.PASSKEY_RENAMED, actor, subject=subject, changes=[Change("name", old, new)]))
    return factor


@command
def make_recovery_codes(user: User, *, actor: Actor) -> list[str]:
    """New codes in place of all former ones; they can be shown now and never again. Refused without a factor that they
    could stand in for."""
    _lock(user)
    if not Authenticator.objects.filter(user=user, type__in=FACTORS).exists():
        raise Refused("Recovery codes stand in for a lost factor. Set up an authenticator app or a passkey first.")
    Authenticator.objects.filter(user=user, type=FactorKind.RECOVERY_CODES).delete()
    return _made_codes(user, actor)


@command
def remove_factor(factor: Authenticator, *, actor: Actor) -> None:
    """Do without an authenticator app or a passkey; with the last one go the recovery codes.

    Raises Refused where it is the last one and the person's role demands one.
    """
    user = _lock(factor.user)
    mine = Authenticator.objects.filter(user=user)
    if not mine.filter(pk=factor.pk).exists():
        return
    is_last = not mine.filter(type__in=FACTORS).exclude(pk=factor.pk).exists()
    if is_last and user.role.demands_second_factor:
        raise Refused(f"Your role, {user.role}, takes a second factor. Add another one before you remove this.")
    (mine if is_last else mine.filter(pk=factor.pk)).delete()
    record(Draft(verbs.FACTOR_REMOVED, actor, subject=of_user(user), facts={"factor": name_of(factor)}))


@command
def take_factors(user: User, *, actor: Actor) -> int:
    """Take all of a person's factors away, for one whose phone is lost; they sign in by password and set up anew.
    Returns how many there were, recovery codes counting as one."""
    user = _lock(user)
    rows = list(Authenticator.objects.filter(user=user).order_by("pk"))
    if not rows:
        return 0
    Authenticator.objects.filter(pk__in=[row.pk for row in rows]).delete()
    names = ", ".join(name_of(row) for row in rows)
    record(Draft(verbs.FACTORS_TAKEN, actor, subject=of_user(user), facts={"factor": names}))
    return len(rows)


@command
def record_factor_use(factor: Authenticator, *, actor: Actor) -> None:
    """A factor was shown: to go on within a session, or a recovery code in place of one at the door. (That one signed
    in with a factor stands in the entry of the sign-in.)"""
    if factor.type == FactorKind.RECOVERY_CODES:
        left = len(Authenticator.objects.get(pk=factor.pk).wrap().get_unused_codes())
        record(Draft(verbs.CODE_USED, actor, facts={"left": left}))
    else:
        record(Draft(verbs.FACTOR_USED, actor, facts={"factor": name_of(factor)}))


@command
def demand_second_factor(role: Role, demanded: bool, *, actor: Actor) -> Role:
    """Have everybody with this role show a second factor, or no longer."""
    role = Role.objects.select_for_update().get(pk=role.pk)
    if role.demands_second_factor == demanded:
        return role
    role.demands_second_factor = demanded
    role.save(update_fields=["demands_second_factor"])
    change = Change("demands_second_factor", not demanded, demanded)
    subject = Subject("role", str(role.pk), role.name)
    record(Draft(verbs.FACTOR_DEMANDED, actor, subject=subject, changes=[change]))
    return role


def _added(factor: Authenticator, user: User, actor: Actor) -> Authenticator:
    record(Draft(verbs.FACTOR_ADDED, actor, subject=of_user(user), facts={"factor": name_of(factor)}))
    if not Authenticator.objects.filter(user=user, type=FactorKind.RECOVERY_CODES).exists():
        _made_codes(user, actor)
    return factor


def _made_codes(user: User, actor: Actor) -> list[str]:
    codes = RecoveryCodes.activate(user).generate_codes()
    record(Draft(verbs.CODES_MADE, actor, subject=of_user(user)))
    return codes


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("Give the passkey a name to know it by, such as “Work laptop”.", field="name")
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise Refused(f"A name has at most {LONGEST_NAME} characters.", field="name")
    return name


def _lock(user: User) -> User:
    """The person, whose row stands for all of their factors: two that are added at once wait for each other."""
    return User.objects.get_queryset().select_for_update(of=("self",)).select_related("role").get(pk=user.pk)
