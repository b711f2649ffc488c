"""Messages are written in the transaction of the change that they tell of: they stand or fall with it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, connection, transaction

from activity.models import Entry
from activity.verbs import GROUPS
from webhooks.choices import DeliveryState
from webhooks.listening import Listener, listeners

logger = logging.getLogger(__name__)

# Which incidents a webhook is told of is asked of the rows as the change has left them. The order of the numbers is
# that of the entries, by which messages about one incident are sent.
WRITE = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset(%s) AS each (entry bigint, incident bigint, subject text)
), wanted AS ({wanted})
INSERT INTO webhooks_delivery
    (key, subscription_id, entry_id, incident_id, state, tries, begun_at, due_at, created_at, problem)
SELECT gen_random_uuid(), subscription.id, told.entry, told.incident, '{waiting}', 0, now(), now(), now(), ''
FROM wanted
JOIN told ON told.incident = wanted.incident AND told.subject = ANY(wanted.groups)
JOIN webhooks_subscription AS subscription
  ON subscription.id = wanted.subscription AND subscription.is_on AND subscription.deleted_at IS NULL
ORDER BY told.entry, subscription.id
"""
WANTED = """
SELECT {number} AS subscription, %s::text[] AS groups, listed.id AS incident
FROM ({incidents}) AS listed (id) WHERE listed.id = ANY(%s::bigint[])
"""


def write_messages(entries: Sequence[Entry]) -> int:
    """Write a message for every webhook that is to be told of these freshly recorded entries; how many. One statement
    for all of them, and none where no webhook wants to hear of such.

    What goes wrong with somebody's query must not undo the work of others, nor keep others from being told: each
    webhook is then asked by itself, and of the one that fails it is logged what it is not told of.
    """
    if not (known := listeners()):
        return 0
    about = [entry for entry in entries if entry.incident_id]
    subjects = {_subject(entry) for entry in about}
    wanting = [listener for listener in known if subjects & listener.groups]
    if not wanting:
        return 0
    told = [{"entry": entry.pk, "incident": entry.incident_id, "subject": _subject(entry)} for entry in about]
    numbers = sorted({entry.incident_id for entry in about if entry.incident_id})
    try:
        return _written(wanting, told, numbers)
    except DatabaseError:
        return sum(_written_if_possible(each, told, numbers) for each in wanting)


def _written_if_possible(listener: Listener, told: list[dict[str, Any]], numbers: Sequence[int]) -> int:
    try:
        return _written([listener], told, numbers)
    except DatabaseError:
        logger.exception(
            "The webhook %s is not told of the entries %s to %s: its query fails.",
            listener.subscription_id,
            told[0]["entry"],
            told[-1]["entry"],
        )
        return 0


def _written(wanting: Sequence[Listener], told: list[dict[str, Any]], numbers: Sequence[int]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_statement(wanting), [json.dumps(told), *_values(wanting, numbers)])
        return int(cursor.rowcount)


def _subject(entry: Entry) -> str:
    """The group of its verb."""
    return str(GROUPS.get(entry.verb, ""))


def _statement(wanting: Sequence[Listener]) -> str:
    parts = [
        WANTED.format(number=each.subscription_id, incidents=each.incidents.replace("%", "%%")) for each in wanting
    ]
    return WRITE.format(wanted=" UNION ALL ".join(parts), waiting=DeliveryState.WAITING)


def _values(wanting: Sequence[Listener], numbers: Sequence[int]) -> list[Any]:
    return [value for each in wanting for value in (sorted(each.groups), [*numbers])]
