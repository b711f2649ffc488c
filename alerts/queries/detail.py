"""One alert as people read it: what happened, why it is where it is, its evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from alerts.choices import (
    AlertStatus,
    Classification,
    EvidenceRole,
    RemediationStatus,
    Severity,
    Verdict,
)
from alerts.models import Alert, Evidence
from alerts.rules import in_order_of_attack
from common.defang import defang
from common.marks import dated, day_and_time, entity_icon, severity_mark, status_mark
from entities.choices import ASSET_KINDS, EntityKind


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
