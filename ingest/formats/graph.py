"""Alerts and incidents of the Microsoft Graph security API (alerts_v2; incidents with $expand=alerts).

Read leniently: the API's own examples mix PascalCase and camelCase, old and new names of the same word, and new types
and members come without notice. What is not known is kept as it is, never a reason to refuse.
Source: Microsoft Graph v1.0 metadata, namespace microsoft.graph.security.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from alerts.choices import DETERMINATIONS, AlertStatus, Classification, Determination, EvidenceRole, Severity
from common.boundary import BoundaryError, join_path, name_type
from common.fields import Fields, fold_word
from entities import identity
from entities.choices import EntityKind
from ingest import limits
from ingest.formats.attack import category_slugs, technique_ids
from ingest.formats.evidence import EvidenceGatherer
from ingest.formats.graph_evidence import add_evidence
from ingest.formats.intake import Format, Intake, Parsed, Refusal, web_address
from ingest.formats.products import product_words
from ingest.parsed import ParsedAlert

SOURCE = "microsoft_graph"

SEVERITIES = {fold_word(severity.slug): severity for severity in Severity}

STATUSES = {
    "new": AlertStatus.NEW,
    "active": AlertStatus.NEW,
    "unknown": AlertStatus.NEW,
    "inprogress": AlertStatus.IN_PROGRESS,
    "resolved": AlertStatus.RESOLVED,
}

CLASSIFICATIONS = {fold_word(term.slug): term for term in Classification} | {
    "unknown": Classification.NOT_SET,
    "benignpositive": Classification.INFORMATIONAL_EXPECTED_ACTIVITY,
}

DETERMINATION_WORDS = {fold_word(term.slug): term for term in Determination} | {
    "unknown": Determination.NOT_SET,
    "notavailable": Determination.NOT_SET,
    # Names deprecated on 29 August 2022, and others that turn up for the same.
    "apt": Determination.MULTI_STAGED_ATTACK,
    "securitypersonnel": Determination.SECURITY_TESTING,
    "compromiseduser": Determination.COMPROMISED_ACCOUNT,
    "clean": Determination.NOT_MALICIOUS,
    "insufficientdata": Determination.NOT_ENOUGH_DATA_TO_VALIDATE,
    "noenoughdatatovalidate": Determination.NOT_ENOUGH_DATA_TO_VALIDATE,
    "confirmeduseractivity": Determination.CONFIRMED_ACTIVITY,
}


def parse(record: dict[str, Any], intake: Intake) -> Iterator[Parsed]:
    """The alert of an alert record; all alerts of an incident record."""
    alerts = record.get("alerts")
    if isinstance(alerts, list) and alerts:
        yield from _alerts_of_incident(record, alerts, intake)
    elif is_incident(record):
        yield Refusal("alerts", _without_alerts(record))
    else:
        yield _alert_or_refusal(record, "", intake, {})


def _alerts_of_incident(incident: dict[str, Any], alerts: list[Any], intake: Intake) -> Iterator[Parsed]:
    for position, alert in enumerate(alerts):
        path = join_path("alerts", position)
        if isinstance(alert, dict):
            yield _alert_or_refusal(alert, path, intake, incident)
        else:
            yield Refusal(path, f"This is {name_type(alert)}, not an alert object; send the alert itself.")


def _without_alerts(incident: Mapping[str, Any]) -> str:
    if target := incident.get("redirectIncidentId"):
        return f"The incident was merged into {str(target)[:60]} and has no alerts of its own; send that one."
    return "The incident comes without its alerts; ask for them with $expand=alerts."


def is_incident(record: Mapping[str, Any]) -> bool:
    kind = record.get("@odata.type")
    is_named_so = isinstance(kind, str) and kind.lower().endswith(".incident")
    return is_named_so or "alerts" in record or ("displayName" in record and "title" not in record)


def _alert_or_refusal(record: dict[str, Any], path: str, intake: Intake, incident: Mapping[str, Any]) -> Parsed:
    fields = Fields(record, path, now=intake.now, lenient=True)
    try:
        return _alert(fields, Fields(incident, now=intake.now, lenient=True), intake)
    except BoundaryError as error:
        return Refusal.of(error, record.get("id"))


def _alert(alert: Fields, incident: Fields, intake: Intake) -> ParsedAlert:
    external_id = alert.text("id" if alert.has("id") else "providerAlertId", limits.EXTERNAL_ID, required=True)
    source = intake.source(SOURCE)
    first, last = _activity(alert)
    classification, determination = _classification(alert)
    gatherer = EvidenceGatherer(f"{source}:{external_id}", alert.notices)
    add_evidence(alert, gatherer)
    _add_threat(alert, gatherer)
    return ParsedAlert(
        source=source,
        external_id=external_id,
        title=alert.text("title", limits.TITLE, required=True),
        severity=alert.mapped("severity", SEVERITIES, Severity.MEDIUM),
        first_activity=first,
        last_activity=last,
        raw=dict(alert.record),
        description=alert.text("description", limits.DESCRIPTION),
        status=alert.mapped("status", STATUSES, AlertStatus.NEW),
        classification=classification,
        determination=determination,
        categories=category_slugs([alert.text("category"), *alert.texts("categories")]),
        techniques=technique_ids(alert.texts("mitreTechniques")),
        service_source=product_words(alert.text("serviceSource", limits.PRODUCT)),
        detection_source=product_words(alert.text("detectionSource", limits.PRODUCT)),
        product_name=alert.text("productName", limits.PRODUCT),
        detector_id=alert.text("detectorId"),
        recommended_actions=alert.text("recommendedActions", limits.RECOMMENDED_ACTIONS),
        source_created_at=alert.time("createdDateTime"),
        source_url=web_address(alert.text("alertWebUrl", limits.ADDRESS)),
        source_incident=incident.text("id") or alert.text("incidentId"),
        tags=_tags(incident),
        evidence=gatherer.evidence(),
        notices=tuple(alert.notices),
    )


def _activity(alert: Fields) -> tuple[datetime, datetime]:
    """First and last activity; the time of creation where the sender gives neither. Ends in the wrong order are taken
    in the right one: both were observed, whatever the sender calls them."""
    first, last = alert.time("firstActivityDateTime"), alert.time("lastActivityDateTime")
    ends = [moment for moment in (first, last) if moment] or [alert.required_time("createdDateTime")]
    return min(ends), max(ends)


def _classification(alert: Fields) -> tuple[Classification, Determination]:
    """As the sender's analysts set them; a determination that does not fit the classification is dropped."""
    classification = alert.mapped("classification", CLASSIFICATIONS, Classification.NOT_SET)
    determination = alert.mapped("determination", DETERMINATION_WORDS, Determination.NOT_SET)
    if determination is Determination.NOT_SET or determination in DETERMINATIONS[classification]:
        return classification, determination
    alert.notice("determination", f"It does not fit the classification {classification.slug}, taken as not set.")
    return classification, Determination.NOT_SET


def _tags(incident: Fields) -> tuple[str, ...]:
    """The custom tags of the incident; `tags` was their name before `customTags`."""
    tags = [*incident.texts("customTags", maximum=limits.TAG), *incident.texts("tags", maximum=limits.TAG)]
    return tuple(dict.fromkeys(tags))[: limits.TAGS_PER_ALERT]


def _add_threat(alert: Fields, gatherer: EvidenceGatherer) -> None:
    """The threat that the sender's analysis names, where no evidence does."""
    name = alert.text("threatDisplayName") or alert.text("threatFamilyName")
    named = any(evidence.entity.kind is EntityKind.MALWARE for evidence in gatherer.evidence())
    if name.strip() and not named:
        said = {"family": family} if (family := alert.text("threatFamilyName")) else {}
        gatherer.add(identity.malware(name, attributes=said), roles=[EvidenceRole.CONTEXTUAL.slug])


def recognises(record: Mapping[str, Any]) -> bool:
    kind = record.get("@odata.type")
    if isinstance(kind, str) and "microsoft.graph.security" in kind:
        return True
    has_graph_times = not {"createdDateTime", "firstActivityDateTime", "lastUpdateDateTime"}.isdisjoint(record)
    return has_graph_times and not {"title", "alerts", "displayName", "alertWebUrl"}.isdisjoint(record)


GRAPH = Format("graph", "Microsoft Graph security alerts and incidents", recognises, parse)
