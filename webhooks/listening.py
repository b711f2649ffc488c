"""Who is to be told of changes, remembered by each process for a second: where nobody is, a change costs nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, transaction

from common.errors import Refused
from common.planned import literal
from webhooks.models import Subscription
from webhooks.reach import matching

logger = logging.getLogger(__name__)

KNOWN_SECONDS = 1.0
"""So old may be what a process knows of webhooks: one that is added is told of what happens a second later."""
COMPOSED_SECONDS = 30.0
"""So long the SQL of a query is kept. What it names (tags, people) is looked up anew then, and “the last day” begins
anew; rights it asks the database for each time."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A webhook that is on, ready to be asked whether it is to be told."""

    subscription_id: int
    groups: frozenset[str]
    incidents: str
    """SELECT of the numbers of the incidents it is told of."""


_known: tuple[Listener, ...] = ()
_known_until = 0.0
_composed: dict[object, tuple[str, float]] = {}


def listeners() -> tuple[Listener, ...]:
    """Everybody who is on. One statement a second, and none in between."""
    if time.monotonic() >= _known_until:
        remember(_listener(each) for each in Subscription.objects.listening().order_by("pk"))
    return _known


def remember(found: Iterable[Listener | None]) -> None:
    """Know these for a second."""
    global _known, _known_until
    _known, _known_until = tuple(each for each in found if each), time.monotonic() + KNOWN_SECONDS


def forget() -> None:
    """Ask anew: something was changed by this process itself."""
    global _known_until
    _known_until = 0.0
    _composed.clear()


def _listener(subscription: Subscription) -> Listener | None:
    """None where its query means nothing any more, which its page says: no change must fail because of it."""
    key = (subscription.pk, subscription.version, subscription.reader.known_by)
    text, until = _composed.get(key, ("", 0.0))
    if time.monotonic() >= until:
        try:
            with transaction.atomic():
                text = _sql(subscription)
        except (Refused, DatabaseError):
            logger.warning("The webhook %s is told of nothing: its query fails.", subscription.pk, exc_info=True)
            return None
        if len(_composed) > 1_000:
            _composed.clear()
        _composed[key] = text, time.monotonic() + COMPOSED_SECONDS
    return Listener(subscription.pk, frozenset(subscription.groups), text) if text else None


def _sql(subscription: Subscription) -> str:
    rows = matching(subscription.query, subscription.reader, with_restricted=subscription.with_restricted)
    try:
        return literal(*rows.order_by().values("pk").query.sql_with_params())
    except EmptyResultSet:  # it may see nothing at all
        return ""
