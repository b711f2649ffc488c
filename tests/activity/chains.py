"""Chains to tamper with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import transaction

from activity.actors import SYSTEM
from activity.models import Entry
from activity.record import Change, Draft, record
from activity.verbs import COMMENTED
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
