"""The alerts of a row, unfolded beneath it."""

from __future__ import annotations

from typing import Any

from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from common.marks import severity_mark, status_mark, time_mark
from incidents.models import Incident

MOST = 20


def alerts_of_row(incident: Incident) -> dict[str, Any]:
    """The newest alerts of an incident, the active ones first, and how many more there are."""
    fields = ("id", "title", "severity", "status", "service_source", "source", "last_activity")
    found = list(
        Alert.objects.filter(incident=incident).order_by("status", "-last_activity", "-id").values(*fields)[: MOST + 1]
    )
    return {
        "number": incident.pk,
        "alerts": [
            {
                "url": f"/incidents/{incident.pk}/alerts/?open={alert['id']}#alert-{alert['id']}",
                "title": alert["title"],
                "severity": severity_mark(Severity(alert["severity"]), compact=True),
                "status": status_mark(AlertStatus(alert["status"])),
                "source": alert["service_source"] or alert["source"],
                "time": time_mark(alert["last_activity"]),
            }
            for alert in found[:MOST]
        ],
        "more": max(incident.alerts_total - MOST, 0) if len(found) > MOST else 0,
        "all_url": f"/incidents/{incident.pk}/",
    }
