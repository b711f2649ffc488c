"""A piece of evidence as a row, in an alert and in an incident."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.choices import EvidenceRole, RemediationStatus, Verdict
from alerts.models import Evidence
from common.defang import defang
from common.marks import entity_icon, indicator_mark, status_mark
from entities.choices import ASSET_KINDS, EntityKind
from entities.marks import crown
from entities.naming import page_of

INDICATORS = (EntityKind.IP, EntityKind.DOMAIN, EntityKind.URL, EntityKind.FILE)
"""Kinds that people copy into other tools."""
MOST_DETAILS = 12


def evidence_row(item: Evidence) -> dict[str, Any]:
    """A piece of evidence, its entity read with it."""
    kind = EntityKind(item.entity.kind)
    return {
        "id": item.pk,
        "icon": entity_icon(kind),
        "kind": kind.label,
        "name": shown_name(item.entity.name, kind, page_of(kind.slug, item.entity.pk), item.entity.criticality),
        "raw_name": item.entity.name,
        "is_asset": kind in ASSET_KINDS,
        "roles": roles_in_words(item.roles),
        "verdict": status_mark(Verdict(item.verdict)),
        "remediation": remediation_in_words(item.remediation_status),
        "details": [(key.replace("_", " ").capitalize(), text_of(value)) for key, value in item.details.items()][
            :MOST_DETAILS
        ],
        "level": 0,
    }


def shown_name(name: str, kind: EntityKind, url: str = "", criticality: str = "") -> SafeString | str:
    """The name without teeth, leading to our page about it, with its crown; of an indicator with a button that copies
    it as it is."""
    if kind in INDICATORS:
        return indicator_mark(defang(name, kind), name, href=url)
    if not url:
        return name
    return format_html('<a class="break quiet-link" href="{}">{}</a>{}', url, name, crown(criticality))


def roles_in_words(roles: Iterable[str] | None) -> str:
    return ", ".join(str(EvidenceRole(role).label) if role in EvidenceRole.values else role for role in roles or ())


def remediation_in_words(status: str) -> str:
    """What was done about it; nothing where nothing was."""
    return "" if status == RemediationStatus.NONE else str(RemediationStatus(status).label)


def text_of(value: Any) -> str:
    """A value of a source's own making, in one line."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int) for item in value):
        return ", ".join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)
