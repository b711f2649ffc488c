"""Rows of the SecurityAlert table of Microsoft Sentinel and Azure Log Analytics, as CSV or JSON.

Cells hold JSON: `Entities`, objects that refer to each other by `$id` and `$ref`, and `ExtendedProperties`.
Columns have had two generations of names; an export from the portal adds “[UTC]” to the names of times.
Source: Microsoft Sentinel documentation, "Security alert schema reference" and "Entity types reference".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from alerts.choices import AlertStatus, EvidenceRole, Severity
from common.boundary import BoundaryError, check_value, load_json
from common.fields import Fields, fold_word
from entities import identity
from entities.choices import EntityKind
from entities.spelling import fold
from ingest import limits
from ingest.formats.attack import category_slugs, technique_ids
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.intake import Format, Intake, Parsed, Refusal, web_address
from ingest.formats.products import SENTINEL as SENTINEL_PRODUCT
from ingest.formats.products import is_known_product, product_words
from ingest.formats.sentinel_entities import add_entities
from ingest.parsed import ParsedAlert

SOURCE = "microsoft_sentinel"

SEVERITIES = {fold_word(severity.slug): severity for severity in Severity}

STATUSES = {
    "new": AlertStatus.NEW,
    "unknown": AlertStatus.NEW,
    "inprogress": AlertStatus.IN_PROGRESS,
    "resolved": AlertStatus.RESOLVED,
    "dismissed": AlertStatus.RESOLVED,
}

DETECTION = {
    "asischeduledalerts": "Scheduled analytics rule",
    "asinrtalerts": "Near-real-time analytics rule",
    "customalertrule": "Scheduled analytics rule",
}
"""What found it, by ProviderName, where that says more than the product."""


def parse(record: dict[str, Any], intake: Intake) -> Iterator[Parsed]:
    """The alert of one row."""
    columns = {re.sub(r" ?\[UTC\]$", "", name): value for name, value in record.items()}
    row = Fields(
        {name: value for name, value in columns.items() if value != ""},
        now=intake.now,
        lenient=True,
        naive_is_utc=True,
    )
    try:
        yield _alert(row, record, intake)
    except BoundaryError as error:
        yield Refusal.of(error, columns.get("SystemAlertId"))


def _alert(row: Fields, record: dict[str, Any], intake: Intake) -> ParsedAlert:
    external_id = _first(row, ("SystemAlertId", "ProviderAlertId", "VendorOriginalId"), limits.EXTERNAL_ID)
    if not external_id:
        raise row.refuse("SystemAlertId", "The row has no id of the alert; export this column too.")
    source = intake.source(SOURCE)
    extended = _extended_properties(row)
    first, last = _activity(row)
    gatherer = EvidenceGatherer(f"{source}:{external_id}", row.notices)
    add_entities(_entities(row), row, gatherer)
    _add_compromised_entity(row, gatherer)
    return ParsedAlert(
        source=source,
        external_id=external_id,
        title=_title(row),
        severity=row.mapped("AlertSeverity" if row.has("AlertSeverity") else "Severity", SEVERITIES, Severity.MEDIUM),
        first_activity=first,
        last_activity=last,
        raw=dict(record),
        description=row.text("Description", limits.DESCRIPTION),
        status=row.mapped("Status", STATUSES, AlertStatus.NEW),
        categories=category_slugs([*_words(row, "Tactics"), *_words(extended, "Tactics"), *_words(extended, "Intent")]),
        techniques=technique_ids([*_words(row, "Techniques"), *_words(row, "SubTechniques")]),
        service_source=_service_source(row),
        detection_source=_detection_source(row),
        product_name=row.text("ProductName", limits.PRODUCT),
        detector_id=row.text("AlertType"),
        recommended_actions=_remediation(row),
        source_created_at=row.time("TimeGenerated"),
        source_url=web_address(row.text("AlertLink", limits.ADDRESS)),
        evidence=gatherer.evidence(),
        notices=tuple(row.notices),
    )


def _title(row: Fields) -> str:
    title = _first(row, ("DisplayName", "AlertDisplayName", "AlertName"), limits.TITLE)
    if not title:
        raise row.refuse("DisplayName", "The row has no title; export DisplayName or AlertName too.")
    return title


def _first(row: Fields, names: tuple[str, ...], maximum: int) -> str:
    return next((text for name in names if (text := row.text(name, maximum)).strip()), "")


def _activity(row: Fields) -> tuple[datetime, datetime]:
    """Start and end of what was seen; the time of the row where neither is given. Ends in the wrong order are taken in
    the right one: both were observed, whatever the sender calls them."""
    names = ("StartTime", "StartTimeUtc", "EndTime", "EndTimeUtc")
    ends = [moment for name in names if (moment := row.time(name))] or [row.required_time("TimeGenerated")]
    return min(ends), max(ends)


def _service_source(row: Fields) -> str:
    """The product, else the provider where its code is known, else the vendor."""
    product = row.text("ProductName", limits.PRODUCT)
    provider, vendor = row.text("ProviderName", limits.PRODUCT), row.text("VendorName", limits.PRODUCT)
    if product:
        return product_words(product)
    if is_known_product(provider) or vendor.casefold() in ("", "microsoft"):
        return product_words(provider) or SENTINEL_PRODUCT
    return product_words(vendor)


def _detection_source(row: Fields) -> str:
    provider = row.text("ProviderName", limits.PRODUCT)
    component = row.text("ProductComponentName", limits.PRODUCT)
    return DETECTION.get(fold_word(provider)) or product_words(component or provider)


def _remediation(row: Fields) -> str:
    """RemediationSteps is a JSON list of sentences, or plain text."""
    steps = _json_in(row, "RemediationSteps", quiet=True)
    if isinstance(steps, list):
        return "\n".join(str(step) for step in steps if isinstance(step, str))[: limits.RECOMMENDED_ACTIONS]
    return row.text("RemediationSteps", limits.RECOMMENDED_ACTIONS)


def _words(fields: Fields, name: str) -> list[str]:
    """A list that may be a real one, JSON in a text, or words between commas."""
    value = fields.record.get(name)
    if isinstance(value, str) and value.strip().startswith("["):
        value = _json_in(fields, name)
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [word.strip() for word in value[: limits.LIST_ITEMS] if isinstance(word, str)]


def _json_in(row: Fields, name: str, *, quiet: bool = False) -> Any:
    """The value of a cell that holds JSON; None, and a notice, where it is broken. The raw record keeps the text."""
    value = row.record.get(name)
    if not isinstance(value, str):
        return value
    try:
        value = load_json(value)
        check_value(value)
    except BoundaryError as error:
        if not quiet:
            row.notice(name, f"{error} Left out.")
        return None
    return value


def _extended_properties(row: Fields) -> Fields:
    value = _json_in(row, "ExtendedProperties")
    return Fields(
        value if isinstance(value, dict) else {},
        "ExtendedProperties",
        now=row.now,
        lenient=True,
        naive_is_utc=True,
        notices=row.notices,
    )


def _entities(row: Fields) -> list[Any]:
    value = _json_in(row, "Entities")
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else []


def _add_compromised_entity(row: Fields, gatherer: EvidenceGatherer) -> None:
    """CompromisedEntity names in words what the alert is about: an entity of the row, its resource or a host."""
    name, resource = row.text("CompromisedEntity"), row.text("ResourceId", limits.ADDRESS)
    if resource:
        gatherer.add(identity.cloud_resource(resource_id=resource), roles=[EvidenceRole.CONTEXTUAL.slug])
    if not name:
        return
    for evidence in gatherer.evidence():
        entity = evidence.entity
        if entity.kind in (EntityKind.DEVICE, EntityKind.USER) and fold(entity.name) == fold(name):
            gatherer.add(entity, roles=[EvidenceRole.COMPROMISED.slug])
            return
    is_machine = re.search(r"/virtualmachines/[^/]+$", resource, re.IGNORECASE) is not None
    if is_machine and fold(resource).endswith(f"/{fold(name)}"):
        gatherer.add(identity.device(hostname=name, azure_id=resource), roles=[EvidenceRole.COMPROMISED.slug])


def recognises(record: Mapping[str, Any]) -> bool:
    names = {re.sub(r" ?\[UTC\]$", "", name) for name in record}
    return "SystemAlertId" in names or {"ProviderAlertId", "AlertName"} <= names or {"AlertName", "Entities"} <= names


SENTINEL = Format("sentinel", "Microsoft Sentinel SecurityAlert rows", recognises, parse)
