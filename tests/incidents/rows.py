"""Many incidents at once, straight into the table: for lists, where alerts do not matter."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.choices import Severity
from incidents.choices import IncidentStatus
from incidents.models import Incident, IncidentTag, Tag
from tests.conftest import NOON


def row(number: int = 0, **fields: Any) -> Incident:
    """An incident that is not saved yet; later numbers were active later."""
    at = NOON + timedelta(minutes=number)
    severity = fields.setdefault("severity", Severity.MEDIUM)
    if fields.get("status") == IncidentStatus.RESOLVED:
        fields.setdefault("resolved_at", timezone.now())
    return Incident(
        **{
            "name": f"Incident {number}",
            "automatic_name": f"Incident {number}",
            "automatic_severity": severity,
            "first_activity": at,
            "last_activity": at,
            "created_at": at,
            "updated_at": at,
            "alerts_total": 1,
            "alerts_active": 1,
            **fields,
        }
    )


def stored(rows: Iterable[Incident]) -> list[Incident]:
    return Incident.objects.bulk_create(list(rows))


def tag(incident: Incident, *names: str) -> None:
    """Put custom tags on a row, in both places that hold them."""
    tags = [Tag.objects.get_or_create(name=name)[0] for name in names]
    IncidentTag.objects.bulk_create([IncidentTag(incident=incident, tag=each) for each in tags])
    Incident.objects.filter(pk=incident.pk).update(tag_ids=sorted(each.pk for each in tags))


def until_told() -> None:
    """Waits until all that has ended can be told of: a transaction that runs anywhere on the server, such as another
    test's, holds back what came after it until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (ended,) = cursor.fetchone()
        for _ in range(1_800):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= %s", [ended])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("another transaction does not end")


def news(client: Client, since: int, wanted: set[int]) -> dict[str, Any]:
    """What changed since, once all that is wanted can be read."""
    for _ in range(600):
        answer = client.get(reverse("incidents:changes"), {"since": since})
        if answer.status_code == 200 and wanted <= set(answer.json()["incidents"]):
            return answer.json()
        time.sleep(0.05)
    raise AssertionError("no news came")
