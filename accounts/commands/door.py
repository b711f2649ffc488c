"""Who comes in, who leaves, and who is refused: in the system's own stream, without keeping anybody at the door.

All share one chain, so an entry may have to wait for whoever writes to it. A sign-in waits for a second at most; then
it is `Untold`, and the log tells of it within a minute. Refusals are never entries of their own: whoever guesses
passwords would fill the log at will. They are counted by address and by whom they were about, and told of when five
minutes are over: at most TOLD_APART of them by themselves, and all others in one.

A name that nobody has is not kept: people type passwords into the wrong field.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from accounts import verbs
from accounts.choices import Knock
from accounts.commands.people import of_user
from accounts.commands.tokens import of_token
from accounts.devices import network_of
from accounts.models import AccessToken, User
from activity.actors import Actor
from activity.record import Draft, Subject, record, record_all
from activity.remote import remote_address
from common.command import command

logger = logging.getLogger(__name__)

TOLD_APART = 20
COUNT = """
INSERT INTO accounts_untold AS untold (kind, user_id, token_id, address, times, first_at, last_at)
VALUES (%s, %s, %s, %s, 1, clock_timestamp(), clock_timestamp())
ON CONFLICT (kind, address, user_id, token_id)
DO UPDATE SET times = untold.times + 1, last_at = excluded.last_at
"""
PLACE = """
WITH others AS (SELECT EXISTS (SELECT FROM accounts_signinplace WHERE user_id = %s) AS known)
INSERT INTO accounts_signinplace (user_id, address, device, last_at) VALUES (%s, %s, %s, clock_timestamp())
ON CONFLICT (user_id, address, device) DO UPDATE SET last_at = excluded.last_at
RETURNING xmax = 0, (SELECT known FROM others)
"""
TAKE = """
DELETE FROM accounts_untold WHERE kind <> ALL(%s) OR first_at < clock_timestamp() - interval '5 minutes'
RETURNING kind, user_id, token_id, address, times, first_at, last_at
"""
REFUSALS = [Knock.SIGN_IN_REFUSED.value, Knock.TOKEN_REFUSED.value]


@command
def record_sign_in(*, actor: Actor, by: Sequence[str] = (), device: str = "") -> None:
    """The actor has shown who they are, `by` what they gave: password, authenticator app, …

    Where they have signed in before, but never from this address with this `device`, that is said as well.
    """
    record(Draft(verbs.SIGNED_IN, actor, facts={"by": list(by)} if by else {}))
    address = remote_address()
    if not (address and device and actor.id):
        return
    with connection.cursor() as cursor:
        cursor.execute(PLACE, [actor.id, actor.id, network_of(address), device])
        was_new, knew_others = cursor.fetchone()
    if was_new and knew_others:
        record(Draft(verbs.SIGNED_IN_ELSEWHERE, actor, facts={"where": f"{device}, {address}"}))


@command
def record_sign_out(*, actor: Actor) -> None:
    record(Draft(verbs.SIGNED_OUT, actor))


def signed_in(user: User, by: Sequence[str] = (), device: str = "") -> None:
    """Have a sign-in recorded, now or within a minute."""
    _soon(lambda: record_sign_in(actor=user.as_actor(), by=by, device=device), Knock.SIGNED_IN, user)


def signed_out(user: User) -> None:
    """Have a sign-out recorded, now or within a minute."""
    _soon(lambda: record_sign_out(actor=user.as_actor()), Knock.SIGNED_OUT, user)


def refused_sign_in(name: str) -> None:
    """Count a sign-in that was refused, for whoever has that name or address."""
    count_refusal(Knock.SIGN_IN_REFUSED, user=named(name))


def named(name: str) -> User | None:
    """Who has that name or address."""
    name = name.lower().replace("\x00", "")[:200]
    either = Q(username=name) | (Q(email__iexact=name) if name else Q())
    return User.objects.get_queryset().filter(either).first()


def count_refusal(kind: Knock, *, user: User | None = None, token: AccessToken | None = None) -> None:
    """Count a refusal; where the database does not take it, it stands in the server's own output."""
    try:
        with _briefly():
            _count(kind, user, token)
    except DatabaseError:
        about = user or token or "nobody known"
        logger.exception("%s from %s could not be counted: %s", kind.label, remote_address() or "?", about)


@command
def tell_untold(*, actor: Actor) -> int:
    """Record what was counted at the door and is due; how many entries that makes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '2s', true)")
        cursor.execute(TAKE, [REFUSALS])
        rows = [_Counted(*row) for row in cursor.fetchall()]
    users = User.objects.get_queryset().in_bulk({row.user_id for row in rows if row.user_id})
    tokens = AccessToken.objects.select_related("owner").in_bulk({row.token_id for row in rows if row.token_id})
    late = [_late(row, users[row.user_id]) for row in rows if row.kind not in REFUSALS and row.user_id]
    refused = sorted((row for row in rows if row.kind in REFUSALS), key=lambda row: (-row.times, row.first_at))
    apart = [_refused(row, users, tokens, actor) for row in refused[:TOLD_APART]]
    return len(record_all([*late, *apart, *_others(refused[TOLD_APART:], actor)]))


@dataclass(frozen=True, slots=True)
class _Counted:
    kind: str
    user_id: int | None
    token_id: int | None
    address: str
    times: int
    first_at: datetime
    last_at: datetime

    @property
    def facts(self) -> dict[str, Any]:
        since, until = self.first_at.isoformat(), self.last_at.isoformat()
        return {"remote_address": self.address, "times": self.times, "since": since, "until": until}


def _late(row: _Counted, user: User) -> Draft:
    """What the log was too busy for when it happened."""
    verb = verbs.SIGNED_IN if row.kind == Knock.SIGNED_IN else verbs.SIGNED_OUT
    return Draft(verb, user.as_actor(), facts=row.facts)


def _refused(row: _Counted, users: dict[int, User], tokens: dict[int, AccessToken], actor: Actor) -> Draft:
    user, token = users.get(row.user_id or 0), tokens.get(row.token_id or 0)
    subject: Subject | None = of_user(user) if user else of_token(token) if token else None
    if row.kind == Knock.SIGN_IN_REFUSED:
        verb, what = verbs.SIGN_IN_REFUSED, "failed sign-in"
        about = f"as {user}" if user else "under a name that nobody has"
    else:
        verb, what = verbs.TOKEN_REFUSED, "refused request"
        about = f"with the token “{token}”, which is revoked or has expired" if token else "with a key that is none"
    many = "" if row.times == 1 else "s"
    counted = f"{row.times:,} {what}{many} {about}, from {row.address or 'an unknown address'}"
    return Draft(verb, actor, subject=subject, facts={**row.facts, "counted": counted})


def _others(rows: Sequence[_Counted], actor: Actor) -> list[Draft]:
    """All the rest in one."""
    if not rows:
        return []
    times, addresses = sum(row.times for row in rows), len({row.address for row in rows})
    counted = f"{times:,} more refusals at the door, from {addresses:,} address{'' if addresses == 1 else 'es'}"
    since, until = min(row.first_at for row in rows).isoformat(), max(row.last_at for row in rows).isoformat()
    facts = {"counted": counted, "times": times, "addresses": addresses, "since": since, "until": until}
    return [Draft(verbs.SIGN_IN_REFUSED, actor, facts=facts)]


def _soon(recorded: Callable[[], None], kind: Knock, user: User) -> None:
    try:
        with _briefly():
            recorded()
    except DatabaseError:
        logger.warning("the log was busy; it tells within a minute: %s, %s", kind.label, user.username, exc_info=True)
        _count(kind, user, None)


@contextmanager
def _briefly() -> Iterator[None]:
    """A transaction that waits for others a second at most."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '1s', true)")
        yield


def _count(kind: Knock, user: User | None, token: AccessToken | None) -> None:
    with connection.cursor() as cursor:
        values = [kind.value, user.pk if user else None, token.pk if token else None, remote_address()]
        cursor.execute(COUNT, values)
