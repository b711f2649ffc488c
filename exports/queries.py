"""What an export of the queue holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from alerts.choices import Classification, Determination, Severity
from common.pagination import Order
from incidents.choices import IncidentStatus
from incidents.models import Incident, Tag

MOST_ROWS = 10_000

HEADER = (
    "number",
    "name",
    "severity",
    "status",
    "assignee",
    "tags",
    "classification",
    "determination",
    "alerts active",
    "alerts total",
    "service sources",
    "categories",
    "first activity (UTC)",
    "last activity (UTC)",
    "created (UTC)",
    "resolution note",
)


def queue_rows(matching: QuerySet[Incident], order: Order) -> Iterator[list[Any]]:
    """The filtered queue in its order, at most MOST_ROWS incidents."""
    rows = matching.select_related("assignee_user", "assignee_team").order_by(*order.expressions())[:MOST_ROWS]
    names = dict(Tag.objects.values_list("pk", "name"))
    for incident in rows.iterator(chunk_size=1_000):
        yield [
            incident.pk,
            incident.name,
            Severity(incident.severity).slug,
            IncidentStatus(incident.status).slug,
            str(incident.assignee or ""),
            sorted(names[tag_id] for tag_id in incident.tag_ids if tag_id in names),
            Classification(incident.classification).slug,
            Determination(incident.determination).slug,
            incident.alerts_active,
            incident.alerts_total,
            incident.service_sources,
            incident.categories,
            incident.first_activity,
            incident.last_activity,
            incident.created_at,
            incident.resolution_note,
        ]
