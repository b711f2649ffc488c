"""One alert as people read it: what happened, why it is where it is, its evidence."""

from __future__ import annotations

from typing import Any

from alerts.choices import (
    AlertStatus,
    Classification,
    Determination,
    Severity,
    finding_in_words,
)
from alerts.models import Alert, Evidence
from alerts.queries.evidence_tree import groups
from alerts.rules import in_order_of_attack
from alerts.techniques import technique_name
from common.defang import defang
from common.marks import dated, person_mark, severity_mark, status_mark
from entities.choices import EntityKind


def alert_shown(alert: Alert) -> dict[str, Any]:
    """An alert with all that people read of it but its evidence."""
    status = AlertStatus(alert.status)
    return {
        "id": alert.pk,
        "title": alert.title,
        "description": alert.description,
        "severity": severity_mark(Severity(alert.severity), compact=True),
        "status": status_mark(status),
        "is_active": status != AlertStatus.RESOLVED,
        "categories": ", ".join(in_order_of_attack(alert.categories)),
        "techniques": [(identifier, technique_name(identifier)) for identifier in alert.techniques],
        "source": alert.service_source or alert.source,
        "detection_source": alert.detection_source,
        "first_activity": dated(alert.first_activity),
        "last_activity": dated(alert.last_activity),
        "received": dated(alert.received_at),
        "reason": alert.link_reason,
        "recommended_actions": [
            line.strip("•-* \t") for line in alert.recommended_actions.splitlines() if line.strip()
        ],
        "classification": Classification(alert.classification).label
        if alert.classification != Classification.NOT_SET
        else "",
        "repeats": alert.repeats,
        "external_id": alert.external_id,
    }


MOST_EVIDENCE = 200
"""Pieces of one alert that its pane shows."""


def pane(alert: Alert) -> dict[str, Any]:
    """An alert beside its list: what alert_shown says, its incident, who has it, its evidence by kind, assets first.

    Read with `incident` and both assignees; one more statement for the evidence.
    """
    found = Evidence.objects.filter(alert=alert).select_related("entity").order_by("event_time", "id")
    items = list(found[: MOST_EVIDENCE + 1])
    return alert_shown(alert) | {
        "severity": severity_mark(Severity(alert.severity)),
        "finding": finding_in_words(Classification(alert.classification), Determination(alert.determination)),
        "assignee": assignee_mark(alert),
        "resolved": dated(alert.resolved_at) if alert.resolved_at else "",
        "source_url": alert.source_url,
        "source_url_shown": defang(alert.source_url, EntityKind.URL) if alert.source_url else "",
        "product": " ".join(dict.fromkeys(filter(None, (alert.product_name, alert.detector_id)))),
        "groups": groups(items[:MOST_EVIDENCE]),
        "tuned_by": alert.tuned_by,
        "more_evidence": len(items) > MOST_EVIDENCE,
        "incident": {
            "number": alert.incident_id,
            "name": alert.incident.name,
            "restricted": alert.incident.restricted,
            "version": alert.incident.version,
        },
    }


def assignee_mark(alert: Alert) -> str:
    """Who has it."""
    if alert.assignee_user:
        return person_mark(alert.assignee_user.initials, alert.assignee_user.display_name)
    if alert.assignee_team:
        return person_mark(alert.assignee_team.initials, alert.assignee_team.name, "team")
    return person_mark("", "Unassigned", "unassigned")
