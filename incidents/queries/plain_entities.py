"""Entities as plain values: what the API answers. Everything is read from what the person or token may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import Principal
from alerts.choices import AlertStatus, Severity
from common.counting import CAP, Count
from common.pagination import Page
from common.time_ranges import utc
from entities.choices import ASSET_KINDS, NOT_CRITICAL
from entities.models import Entity
from entities.naming import page_of
from entities.queries import identifiers_of
from incidents.filters.names import Names
from incidents.queries import entity as queries
from incidents.queries import entity_list, entity_timeline


def named_entity(principal: Principal, kind: str, word: str) -> Entity | None:
    """The entity of a type that a word names, by its number or by its key as addresses have it; none where the person
    may not see it."""
    if word.isascii() and word.isdigit() and len(word) < 20:
        return queries.visible_entity(principal, kind, int(word))
    names, spelling = Names(principal), f"{kind}:{word}"
    names.learn({"entity": [spelling]})
    found = names.entity_ids([spelling])
    return queries.visible_entity(principal, kind, found[0]) if len(found) == 1 else None


def plain_list(principal: Principal, asked: entity_list.Asked, size: int) -> tuple[Page, list[dict[str, Any]]]:
    """One page of the list of entities. Raises BadCursor."""
    page, rows = entity_list.page_of_values(principal, asked, size, "key")
    return page, [_row(row) for row in rows]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "name": row["name"],
        "key": row["key"],
        "criticality": row["criticality"] or None,
        "alerts": Count(row["alerts"] if row["alerts"] <= CAP else None).plain,
        "first_seen": utc(row["first"]),
        "last_seen": utc(row["seen"]),
    }


def plain_entity(entity: Entity, principal: Principal, unit: str) -> dict[str, Any]:
    """What it is, how critical, how far it is involved, what it was seen with, and its alerts by day or week."""
    span = queries.span_of(entity, principal)
    counts = queries.counts_of(entity, principal)
    with timezone.override(UTC):
        risk = queries.risk_over_time(entity, principal, unit)
    return {
        "id": entity.pk,
        "kind": entity.kind,
        "name": entity.name,
        "key": entity.key,
        "is_asset": entity.kind in ASSET_KINDS,
        "attributes": entity.attributes,
        "identifiers": [{"label": label, "value": value} for label, value in identifiers_of(entity)],
        "criticality": plain_criticality(entity),
        "first_seen": utc(span.first),
        "last_seen": utc(span.last),
        "alerts": counts["alerts"].plain,
        "incidents": counts["incidents"].plain,
        "open_incidents": counts["open"].plain,
        "seen_with": [
            {"id": number, "kind": kind, "name": name, "key": key, "criticality": level or None, "alerts": alerts}
            for number, kind, key, name, level, alerts in queries.related_to(entity, principal)
        ],
        "risk": {
            "by": risk.unit,
            "is_cut": risk.is_cut,
            "periods": [
                {
                    "first": period.first.isoformat(),
                    "last": period.last.isoformat(),
                    "alerts": {severity.slug: number for severity, number in sorted(period.counts.items())},
                }
                for period in risk.periods
                if period.total
            ],
        },
    }


def plain_criticality(entity: Entity) -> dict[str, Any]:
    """How critical it is, and who says so: a person, a classification by name, or its source."""
    by_hand, level = entity.criticality_by_hand, entity.criticality
    said_by = "person" if by_hand else "classification" if entity.classification else "source" if level else None
    return {
        "level": level or None,
        "said_by": said_by,
        "classification": entity.classification.name if entity.classification and not by_hand else None,
        "is_denied": by_hand == NOT_CRITICAL,
    }


def plain_timeline(
    entity: Entity, principal: Principal, asked: entity_timeline.Asked, size: int
) -> tuple[Page, list[dict[str, Any]]]:
    """One page of its alerts across incidents, and of what people added by hand. Raises BadCursor."""
    page, rows = entity_timeline.moments(entity, principal, asked, size)
    return page, [_moment(row) for row in rows]


def _moment(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "time": utc(row["event_time"]),
        "incident": {"number": row["incident_number"], "name": row["incident_name"]},
        "alert": None if row["alert_id"] is None else _alert(row),
        "roles": row["roles"],
        "verdict": row["verdict"],
        "details": row["details"],
        "added_by": row["added_by"] or None,
        "note": row["note"] or None,
    }


def _alert(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["alert_id"],
        "title": row["alert__title"],
        "severity": Severity(row["alert__severity"]).slug,
        "status": AlertStatus(row["alert__status"]).slug,
        "source": row["alert__service_source"] or row["alert__source"],
    }


def plain_spans(entity: Entity, principal: Principal, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Of each incident: in how many of its alerts the entity was seen, first and last."""
    found = entity_timeline.spans(entity, principal, numbers)
    return {
        number: {"alerts": row["alerts"], "first": utc(row["first"]), "last": utc(row["last"])}
        for number, row in found.items()
    }


def address_of(row: Mapping[str, Any]) -> str:
    """The page of an entity that `plain_list` or `plain_entity` gave."""
    return page_of(row["kind"], row["id"])


def list_path() -> str:
    return reverse("entities:list")
