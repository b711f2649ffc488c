"""One alert with all that is known of it as plain values: what the API answers of a single one."""

from __future__ import annotations

from typing import Any

from accounts.models import Principal
from alerts.models import Alert, AlertPayload, Evidence
from alerts.queries.evidence_tree import Rows, name_of, process_tree
from alerts.queries.plain import plain_alerts
from alerts.techniques import technique_name
from common.time_ranges import utc
from entities.choices import ASSET_KINDS, EntityKind

RAW = "raw"
PARTS = (RAW,)
"""What is answered only where it is asked for."""


def plain_alert(alert: Alert, principal: Principal, parts: tuple[str, ...] = ()) -> dict[str, Any]:
    """An alert that was found by `visible_alerts`, with what its list says and what its own page says beside that.

    `evidence` is in the order of the page: assets first, by type; a process stands beneath the one that started it, one
    `level` deeper. `raw`, the record as its source sent it, only where `parts` name it.
    """
    told = plain_alerts([alert.pk], principal)[0]
    told["technique_names"] = {word: technique_name(word) for word in alert.techniques}
    told["recommended_actions"] = alert.recommended_actions
    told["source_incident"] = alert.source_incident
    told["source_created"] = utc(alert.source_created_at)
    told["last_repeat"] = utc(alert.last_repeat_at)
    told["tuned_by"] = {"number": alert.tuned_by.pk, "name": alert.tuned_by.name} if alert.tuned_by else None
    told["incident"] |= {
        "rule": alert.link_rule,
        "entity": alert.link_entity_id,
        "since": utc(alert.linked_at),
        "version": alert.incident.version,
    }
    told["evidence"] = _evidence(alert)
    if RAW in parts:
        told["raw"] = AlertPayload.objects.filter(alert=alert).values_list("raw", flat=True).first()
    return told


def _evidence(alert: Alert) -> list[dict[str, Any]]:
    """All pieces, by type; one statement."""
    found = Evidence.objects.filter(alert=alert).select_related("entity").defer("entity__trigrams")
    items = list(found.order_by("event_time", "id"))
    rows: list[dict[str, Any]] = []
    for kind in dict.fromkeys((*ASSET_KINDS, *EntityKind)):
        own = [item for item in items if item.entity.kind == kind]
        rows += process_tree(own, TREE) if kind == EntityKind.PROCESS else (_piece(item) for item in own)
    return rows


def _piece(item: Evidence) -> dict[str, Any]:
    return {
        "entity": item.entity_id,
        "kind": item.entity.kind,
        "name": item.entity.name,
        "key": item.entity.key,
        "is_asset": item.entity.kind in ASSET_KINDS,
        "criticality": item.entity.criticality or None,
        "roles": item.roles,
        "verdict": item.verdict,
        "remediation_status": item.remediation_status,
        "time": utc(item.event_time),
        "details": item.details,
        "level": 0,
    }


def _only_named(pid: int | None, image: str) -> dict[str, Any]:
    """A process that is no evidence itself: what those that it started say of it."""
    details = {"pid": pid, "image": image}
    return {
        "entity": None,
        "kind": str(EntityKind.PROCESS),
        "name": name_of(pid, image),
        "details": {name: value for name, value in details.items() if value not in (None, "")},
        "level": 0,
    }


TREE = Rows(_piece, _only_named, deepest=None)
