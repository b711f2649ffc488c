"""Chains to tamper with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from activity.actors import SYSTEM
from activity.chain import FIRST, entries
from activity.models import Entry
from activity.record import Change, Draft, record
from activity.verbs import COMMENTED
from activity.verify_log import entry_hash
from incidents import verbs
from incidents.models import Incident
from tests.conftest import NOON, owner_connection


def bare_incident(name: str = "Encoded command") -> Incident:
    """An incident without any entry yet."""
    return Incident.objects.create(
        name=name, automatic_name=name, severity=2, automatic_severity=2, first_activity=NOON, last_activity=NOON
    )


def renamed(incident_id: int | None, old: Any, new: Any, **more: Any) -> Entry:
    """Record one change of name, or of whatever the values are."""
    with transaction.atomic():
        return record(Draft(verbs.RENAMED, SYSTEM, incident_id=incident_id, changes=[Change("name", old, new)], **more))


def commented(incident_id: int, text: str) -> Entry:
    with transaction.atomic():
        return record(Draft(COMMENTED, SYSTEM, incident_id=incident_id, text=text))


@contextmanager
def as_owner() -> Iterator[None]:
    """Django's own connection in the role of the database's owner: what it tampers with, it can verify before it rolls
    back."""
    parameters = connections["owner"].settings_dict
    mine = connection.settings_dict
    kept = {name: mine[name] for name in ("USER", "PASSWORD")}
    connection.close()
    mine.update({name: parameters[name] for name in kept})
    try:
        yield
    finally:
        connection.close()
        mine.update(kept)


def switch_off_guard() -> None:
    """Within the owner's transaction: nothing stops changes of the log until it is rolled back."""
    with connection.cursor() as cursor:
        for table in ("activity_entry", "activity_body"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def recompute(incident_id: int | None) -> None:
    """Make a chain whole again after tampering, as somebody would who knows how: hashes of texts, sequence, both
    hashes."""
    previous = FIRST
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE activity_entry AS entry SET body_sha256 = body.sha256 FROM activity_body AS body"
            " WHERE body.id = entry.body_id AND entry.incident_id IS NOT DISTINCT FROM %s",
            [incident_id],
        )
        found = [entry for entry in entries(incident_id) if entry.incident_id == incident_id]
        cursor.execute(
            "UPDATE activity_entry SET sequence = sequence + 1000000 WHERE incident_id IS NOT DISTINCT FROM %s",
            [incident_id],
        )
        for number, entry in enumerate(found, 1):
            values = (entry.values[0], str(number), *entry.values[2:])
            own = entry_hash(previous, values)
            cursor.execute(
                "UPDATE activity_entry SET sequence = %s, previous_hash = %s, hash = %s WHERE id = %s",
                [number, previous, own, entry.id],
            )
            previous = own


@contextmanager
def unguarded() -> Iterator[psycopg.Cursor[Any]]:
    """The owner with the log's triggers switched off: nothing in the database stops them then."""
    with owner_connection() as connection, connection.cursor() as cursor:
        for table in ("activity_entry", "activity_body"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield cursor
        finally:
            for table in ("activity_entry", "activity_body"):
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
