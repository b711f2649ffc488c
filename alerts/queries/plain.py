"""Alerts as plain values: what the API answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Principal
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from common.time_ranges import utc

FIELDS = (
    "id",
    "incident_id",
    "incident__name",
    "source",
    "external_id",
    "title",
    "description",
    "severity",
    "status",
    "classification",
    "determination",
    "assignee_user__username",
    "assignee_user__display_name",
    "assignee_team__slug",
    "assignee_team__name",
    "categories",
    "techniques",
    "service_source",
    "detection_source",
    "product_name",
    "detector_id",
    "source_url",
    "first_activity",
    "last_activity",
    "received_at",
    "updated_at",
    "resolved_at",
    "repeats",
    "link_reason",
)


def plain_alerts(ids: Sequence[int], principal: Principal) -> list[dict[str, Any]]:
    """These alerts in this order, as far as this person or token may see them; one statement."""
    rows = Alert.objects.visible_to(principal).filter(pk__in=list(ids)).values(*FIELDS) if ids else ()
    found = {row["id"]: row for row in rows}
    return [_plain(found[number]) for number in ids if number in found]


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "source": row["source"],
        "external_id": row["external_id"],
        "title": row["title"],
        "description": row["description"],
        "severity": Severity(row["severity"]).slug,
        "status": AlertStatus(row["status"]).slug,
        "classification": row["classification"],
        "determination": row["determination"],
        "assignee": plain_assignee(row),
        "incident": {"number": row["incident_id"], "name": row["incident__name"], "reason": row["link_reason"]},
        "categories": row["categories"],
        "techniques": row["techniques"],
        "service_source": row["service_source"],
        "detection_source": row["detection_source"],
        "product_name": row["product_name"],
        "detector_id": row["detector_id"],
        "source_url": row["source_url"],
        "first_activity": utc(row["first_activity"]),
        "last_activity": utc(row["last_activity"]),
        "received": utc(row["received_at"]),
        "updated": utc(row["updated_at"]),
        "resolved": utc(row["resolved_at"]),
        "repeats": row["repeats"],
    }


def plain_assignee(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Under `key` as the filter `assignee` names them."""
    if row["assignee_user__username"]:
        name = row["assignee_user__username"]
        return {"kind": "user", "key": name, "name": row["assignee_user__display_name"]}
    if row["assignee_team__slug"]:
        return {"kind": "team", "key": f"team:{row['assignee_team__slug']}", "name": row["assignee_team__name"]}
    return None
