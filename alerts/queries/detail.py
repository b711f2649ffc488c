"""One alert as people read it: what happened, why it is where it is, its evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from alerts.choices import (
    AlertStatus,
    Classification,
    Determination,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
    finding_in_words,
)
from alerts.models import Alert, Evidence
from alerts.rules import in_order_of_attack
from common.defang import defang
from common.marks import dated, day_and_time, entity_icon, person_mark, severity_mark, status_mark
from entities.choices import ASSET_KINDS, EntityKind
from entities.naming import page_of


def alert_shown(alert: Alert, evidence: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """An alert with all that people read of it; `evidence` as evidence_row makes it."""
    status = AlertStatus(alert.status)
    return {
        "id": alert.pk,
        "title": alert.title,
        "description": alert.description,
        "severity": severity_mark(Severity(alert.severity), compact=True),
        "status": status_mark(status),
        "is_active": status != AlertStatus.RESOLVED,
        "categories": ", ".join(in_order_of_attack(alert.categories)),
        "techniques": alert.techniques,
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
        "evidence": evidence,
        "began": day_and_time(alert.first_activity),
        "main": ", ".join(dict.fromkeys(item["name"] for item in evidence if item["is_asset"]))[:200],
    }


def evidence_row(item: Evidence) -> dict[str, Any]:
    """A piece of evidence, its entity read with it."""
    kind = EntityKind(item.entity.kind)
    return {
        "id": item.pk,
        "icon": entity_icon(kind),
        "kind": kind.label,
        "name": defang(item.entity.name, kind),
        "url": page_of(kind.slug, item.entity.pk),
        "raw_name": item.entity.name,
        "is_asset": kind in ASSET_KINDS,
        "is_indicator": kind in INDICATORS,
        "roles": ", ".join(
            str(EvidenceRole(role).label) if role in EvidenceRole.values else role for role in item.roles
        ),
        "verdict": status_mark(Verdict(item.verdict)),
        "remediation": RemediationStatus(item.remediation_status).label,
        "details": [(key.replace("_", " ").capitalize(), text_of(value)) for key, value in item.details.items()][:12],
    }


INDICATORS = (EntityKind.IP, EntityKind.DOMAIN, EntityKind.URL, EntityKind.FILE)


def text_of(value: Any) -> str:
    """A value of a source's own making, in one line."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


MOST_EVIDENCE = 200
"""Pieces of one alert that its pane shows."""


def pane(alert: Alert) -> dict[str, Any]:
    """An alert beside its list: what alert_shown says, its incident, who has it, its evidence by kind, assets first.

    Read with `incident` and both assignees; one more statement for the evidence.
    """
    found = Evidence.objects.filter(alert=alert).select_related("entity").order_by("event_time", "id")
    items = list(found[: MOST_EVIDENCE + 1])
    rows = [evidence_row(item) for item in items[:MOST_EVIDENCE]]
    order = [str(kind.label) for kind in dict.fromkeys((*ASSET_KINDS, *EntityKind))]
    groups = [
        {"label": label, "rows": of_kind}
        for label in order
        if (of_kind := [row for row in rows if row["kind"] == label])
    ]
    return alert_shown(alert, rows) | {
        "severity": severity_mark(Severity(alert.severity)),
        "finding": finding_in_words(Classification(alert.classification), Determination(alert.determination)),
        "assignee": assignee_mark(alert),
        "resolved": dated(alert.resolved_at) if alert.resolved_at else "",
        "source_url": alert.source_url,
        "source_url_shown": defang(alert.source_url, EntityKind.URL) if alert.source_url else "",
        "product": " ".join(dict.fromkeys(filter(None, (alert.product_name, alert.detector_id)))),
        "groups": groups,
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
