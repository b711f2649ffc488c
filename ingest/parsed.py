"""What a sender's record becomes once it is understood, before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.choices import AlertStatus, Classification, Determination, RemediationStatus, Severity, Verdict
from entities.identity import EntityIdentity


@dataclass(frozen=True, slots=True)
class ParsedEvidence:
    """One entity in one alert, with the part it plays there."""

    entity: EntityIdentity
    roles: tuple[str, ...] = ()
    verdict: Verdict = Verdict.UNKNOWN
    remediation_status: RemediationStatus = RemediationStatus.NONE
    event_time: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)
    """What the sender says of the entity in this alert only, such as a process's command line."""


@dataclass(frozen=True, slots=True)
class ParsedAlert:
    """One alert in our words. Times are aware and in UTC; texts are checked and cut to nothing."""

    source: str
    """Who sent it, such as "suricata" or "microsoft_graph"; unique together with external_id."""
    external_id: str
    title: str
    severity: Severity
    first_activity: datetime
    last_activity: datetime
    raw: dict[str, Any]
    description: str = ""
    status: AlertStatus = AlertStatus.NEW
    classification: Classification = Classification.NOT_SET
    determination: Determination = Determination.NOT_SET
    categories: tuple[str, ...] = ()
    """Tactics and other categories as slugs; unknown ones are kept as the sender's words, slugified."""
    techniques: tuple[str, ...] = ()
    """ATT&CK technique ids, such as T1059.001."""
    service_source: str = ""
    """The product that watches, in plain words, such as "Microsoft Defender for Endpoint"."""
    detection_source: str = ""
    product_name: str = ""
    detector_id: str = ""
    recommended_actions: str = ""
    source_created_at: datetime | None = None
    source_url: str = ""
    source_incident: str = ""
    """The sender's own incident id, where it groups alerts itself."""
    tags: tuple[str, ...] = ()
    """Custom tags that the sender put on the alert or on its incident."""
    evidence: tuple[ParsedEvidence, ...] = ()
    notices: tuple[str, ...] = ()
    """What was cut, left out or not understood in taking the record, in words; `raw` has it whole."""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that was not taken: where it stood and what is wrong with it."""

    position: int
    """Counted from 1 in the input."""
    field: str
    """Path of the field, such as "evidence[2].device.hostname"; empty for the record as a whole."""
    problem: str
    """One sentence: the value's problem and the way out."""
    external_id: str = ""
