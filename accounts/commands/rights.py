"""Who may give what to whom: nobody makes themselves, or anybody through whom they could act, into more than they are.

The rights of whoever acts are read anew from the database, so neither a page nor a program can forget to say for whom
it asks, and none acts on what somebody was allowed a moment ago. The system and the command line may everything:
whoever has them has the database.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from accounts.choices import KEPT_APART, Permission
from accounts.models import AccessToken, User
from activity.actors import Actor, ActorKind
from common.errors import Refused

RIGHTS_LOCK = 0x57465254
"""Key of the advisory lock under which rights change, one act at a time: two administrators who shut each other out at
the same moment must not both find that the other remains."""


def lock_rights() -> None:
    """Wait until nobody else changes rights; held until the transaction ends. Taken before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RIGHTS_LOCK])


def rights_of(actor: Actor) -> frozenset[str]:
    """What somebody may at this moment."""
    if actor.kind == ActorKind.USER:
        user = User.objects.active().select_related("role").filter(pk=actor.id or 0).first()
        return user.rights if user else frozenset()
    if actor.kind == ActorKind.TOKEN:
        token = AccessToken.objects.usable(timezone.now()).with_rights().filter(pk=actor.id or 0).first()
        return token.rights if token else frozenset()
    return frozenset(Permission)


def person_behind(actor: Actor) -> int | None:
    """Whose act it is, through a token of their own as well; None for the system and for service tokens."""
    if actor.kind == ActorKind.TOKEN:
        return AccessToken.objects.filter(pk=actor.id or 0).values_list("owner", flat=True).first()
    return actor.id if actor.kind == ActorKind.USER else None


def check_may_give(
    permissions: Iterable[str], *, actor: Actor, to: Iterable[int | None] = (), field: str = "role"
) -> None:
    """Raises Refused for rights that the actor does not have. `to` are the people who get them: rights that are kept
    apart from administering can be given to others by who has none of them, and to oneself by nobody."""
    missing = set(permissions) - rights_of(actor)
    me = person_behind(actor)
    if me is None or me not in to:
        missing -= KEPT_APART
    if missing:
        raise Refused(
            f"You cannot give what you may not do yourself: {in_words(missing)}. Choose less, or ask somebody who may.",
            field=field,
        )


def check_may_administer(user: User, *, actor: Actor, field: str = "") -> None:
    """Raises Refused where the person may more than the actor: by another address or password for them, the actor could
    come to be them. Everybody may change themselves as far as they are let."""
    if person_behind(actor) == user.pk:
        return
    more = set(user.role.permissions) - rights_of(actor) - KEPT_APART
    if more:
        raise Refused(
            f"{user.display_name} may more than you: {in_words(more)}. Ask somebody who may that, too.", field=field
        )


def somebody_manages_people() -> bool:
    return User.objects.who_may(Permission.MANAGE_PEOPLE).exists()


def check_somebody_remains(was_somebody: bool, *, field: str = "") -> None:
    """Raises Refused after a change by which nobody is left who may manage people. To be asked under `lock_rights`."""
    if was_somebody and not somebody_manages_people():
        raise Refused(
            "Nobody would be left who may manage people, and nobody could give the right back. "
            "Give it to somebody else first.",
            field=field,
        )


def in_words(permissions: Iterable[str]) -> str:
    """“See incidents that are not restricted; Send alerts”, in the order in which pages show them."""
    wanted = set(permissions)
    return "; ".join(f"“{each.label}”" for each in Permission if each in wanted)
