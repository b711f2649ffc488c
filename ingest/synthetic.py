"""A large made-up load: the rows of incidents with their alerts, evidence, tags and search words.

Pure: from a seed and the people, tags and entities that are stored, to rows ready for COPY. What is denormalised on an
incident is worked out from its alerts by the same rules that the commands use, so that the checker finds no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple, Self

from alerts.choices import ATTACK_TACTICS, DETERMINATIONS, AlertStatus, Classification, Severity
from alerts.commands import payload_sha256
from common.words import words_of
from entities import identity
from entities.choices import ASSET_KINDS, EntityKind
from entities.identity import EntityIdentity
from incidents.choices import OPEN_STATUSES, IncidentStatus
from incidents.facets import Facet, facets_of
from incidents.rules import (
    NameFacts,
    PriorityFacts,
    automatic_name,
    priority_factors,
    priority_of,
    with_present,
)

SOURCE = "synthetic"
SPAN = timedelta(days=730)
"""Last activity lies within so long a time before now."""
OPEN_SHARE = 0.08
MOST_ALERTS = 80

COLUMNS: dict[str, tuple[str, ...]] = {
    "incidents_incident": (
        *("id", "name", "name_is_manual", "automatic_name", "severity", "severity_is_manual", "automatic_severity"),
        *("status", "classification", "determination", "assignee_user_id", "assignee_team_id", "resolution_note"),
        *("resolved_at", "resolved_by", "redirected_to_id", "restricted", "created_at", "updated_at", "version"),
        *("first_activity", "last_activity", "alerts_total", "alerts_active", "service_sources", "categories"),
        *("asset_counts", "tag_ids", "facets", "priority"),
        *("priority_factors", "resolved_by_user_id"),
    ),
    "incidents_incidenttag": ("incident_id", "tag_id"),
    "incidents_incidentmember": ("incident_id", "user_id"),
    "alerts_alert": (
        *("id", "incident_id", "source", "external_id", "title", "description", "severity", "status"),
        *("classification", "determination", "assignee_user_id", "assignee_team_id", "categories", "techniques"),
        *("service_source", "detection_source", "product_name", "detector_id", "recommended_actions", "source_url"),
        *("source_incident", "first_activity", "last_activity", "received_at", "updated_at", "resolved_at", "repeats"),
        *("payload_sha256", "link_rule", "link_reason", "link_entity_id", "linked_at"),
    ),
    "alerts_alertpayload": ("alert_id", "raw"),
    "alerts_evidence": (
        *("alert_id", "entity_id", "incident_number", "event_time", "roles", "verdict", "remediation_status"),
        "details",
    ),
    "incidents_incidentsearch": ("incident_id", "words"),
}
"""Tables in the order in which they are filled, and their columns in the order of a row's values."""


class Finding(NamedTuple):
    """A kind of alert."""

    title: str
    severity: Severity
    category: str
    technique: str
    service: str


INFORMATIONAL, LOW, MEDIUM, HIGH = Severity
# The services' first letters differ, so that they sort alike under every collation.
FINDINGS = (
    Finding("Ransomware behaviour was blocked", HIGH, "impact", "T1486", "Endpoint sensor"),
    Finding("Credentials were read from memory", HIGH, "credential_access", "T1003.001", "Endpoint sensor"),
    Finding("Shadow copies were deleted", HIGH, "impact", "T1490", "Endpoint sensor"),
    Finding("Encoded command was run", MEDIUM, "execution", "T1059.001", "Endpoint sensor"),
    Finding("Scheduled task was added for persistence", MEDIUM, "persistence", "T1053.005", "Endpoint sensor"),
    Finding("Remote service was created", MEDIUM, "lateral_movement", "T1021.002", "Endpoint sensor"),
    Finding("Beacon to a known command server", HIGH, "command_and_control", "T1071.001", "Network sensor"),
    Finding("Port scan from inside", LOW, "discovery", "T1046", "Network sensor"),
    Finding("Large upload to a new destination", MEDIUM, "exfiltration", "T1567", "Network sensor"),
    Finding("Sign-in from a rare country", LOW, "initial_access", "T1078", "Identity sensor"),
    Finding("Many failed sign-ins", LOW, "credential_access", "T1110", "Identity sensor"),
    Finding("Second factor was reset", MEDIUM, "persistence", "T1556.006", "Identity sensor"),
    Finding("Mail with a suspicious link was delivered", LOW, "initial_access", "T1566.002", "Mail gateway"),
    Finding("Inbox rule forwards mail outside", MEDIUM, "collection", "T1114.003", "Mail gateway"),
    Finding("Unwanted software was found", LOW, "unwanted_software", "T1204.002", "Endpoint sensor"),
    Finding("Rarely used tool was started", INFORMATIONAL, "suspicious_activity", "T1218", "Endpoint sensor"),
    Finding("Policy for cloud storage was changed", INFORMATIONAL, "defense_evasion", "T1562", "Cloud audit"),
    Finding("Access key was created", INFORMATIONAL, "persistence", "T1098.001", "Cloud audit"),
    Finding("Directory was listed at length", LOW, "discovery", "T1087.002", "Identity sensor"),
    Finding("Scan for open services from outside", INFORMATIONAL, "reconnaissance", "T1595", "Network sensor"),
)
LIKELIHOOD = (2, 2, 1, 8, 6, 4, 3, 12, 3, 12, 14, 4, 14, 3, 8, 14, 8, 8, 6, 12)

PLATFORMS = ("Windows 11", "Windows Server 2022", "Ubuntu 24.04", "macOS 15")
SHARES = {EntityKind.DEVICE: 0.2, EntityKind.USER: 0.15, EntityKind.IP: 0.1, EntityKind.FILE: 0.1, EntityKind.URL: 0.05}
"""How many entities of each kind there are for each incident."""


def entities(incidents: int) -> Iterator[EntityIdentity]:
    """The things that so many incidents are about; the same for every run."""
    for kind, share in SHARES.items():
        for number in range(max(round(incidents * share), 3)):
            yield _entity(kind, number)


def _entity(kind: EntityKind, number: int) -> EntityIdentity:
    match kind:
        case EntityKind.DEVICE:
            site = ("fin", "ops", "lab", "hq", "plant")[number % 5]
            return identity.device(
                hostname=f"{site}-ws-{number:06}",
                domain="synthetic.example",
                attributes={"os": PLATFORMS[number % 7 % len(PLATFORMS)], "device_group": f"site {site}"},
            )
        case EntityKind.USER:
            return identity.user(upn=f"person{number:06}@synthetic.example")
        case EntityKind.IP:
            return identity.ip(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        case EntityKind.FILE:
            return identity.file(name=f"tool{number:06}.exe", hashes=[sha256(str(number).encode()).hexdigest()])
    return identity.url(f"https://site{number:06}.synthetic.example/login")


class Known(NamedTuple):
    """A stored entity."""

    id: int
    kind: EntityKind
    name: str
    lexemes: str
    """What it is found by, as `_lexemes` writes it: worked out once, for many incidents are about the same thing."""
    platform: str = ""
    group: str = ""

    @classmethod
    def of(cls, entity_id: int, entity: EntityIdentity) -> Self:
        """What incidents need of an entity that is stored under this number."""
        about = entity.attributes
        lexemes = _lexemes(entity.name, entity.key)
        return cls(entity_id, entity.kind, entity.name, lexemes, about.get("os", ""), about.get("device_group", ""))


class Person(NamedTuple):
    """A stored user or team."""

    id: int
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class World:
    """What incidents are made of; all of it is stored already."""

    users: Sequence[Person]
    teams: Sequence[Person]
    tag_ids: Sequence[int]
    """The common ones first."""
    entities: Mapping[EntityKind, Sequence[Known]]


Row = tuple[Any, ...]


@dataclass(slots=True)
class Batch:
    """Rows of some incidents, by table, and what their opening entries say: incident, changes and facts."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {table: [] for table in COLUMNS})
    openings: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Alert:
    number: int
    finding: Finding
    status: AlertStatus
    first: datetime
    last: datetime
    entities: tuple[Known, ...]


class Synthesiser:
    """Makes incidents, the same ones for the same seed, world and time."""

    def __init__(self, world: World, seed: int, now: datetime) -> None:
        self.world = world
        self.random = Random(seed)  # noqa: S311 - made-up data, no secret
        self.now = now

    def sizes(self, count: int) -> list[int]:
        """How many alerts each of so many incidents has: five on average, mostly fewer."""
        return [1 + min(int(self.random.expovariate(1 / 4.5)), MOST_ALERTS - 1) for _ in range(count)]

    def batch(self, incident_ids: Sequence[int], sizes: Sequence[int], alert_ids: Iterator[int]) -> Batch:
        """The rows of these incidents; each takes as many of the alert ids as its size says."""
        batch = Batch()
        merged_into: int | None = None
        for incident_id, size in zip(incident_ids, sizes, strict=True):
            status = self._status()
            if status == IncidentStatus.REDIRECTED and merged_into is None:
                status = IncidentStatus.RESOLVED
            if status != IncidentStatus.REDIRECTED:
                merged_into = incident_id
            self._incident(batch, incident_id, status, [next(alert_ids) for _ in range(size)], merged_into)
        return batch

    def _status(self) -> IncidentStatus:
        chance = self.random.random()
        if chance < OPEN_SHARE:
            return IncidentStatus.ACTIVE if chance < OPEN_SHARE * 0.6 else IncidentStatus.IN_PROGRESS
        return IncidentStatus.REDIRECTED if chance > 0.995 else IncidentStatus.RESOLVED

    def _incident(
        self, batch: Batch, number: int, status: IncidentStatus, alert_ids: Sequence[int], merged_into: int | None
    ) -> None:
        random = self.random
        is_open = status in OPEN_STATUSES
        age = SPAN * (random.random() ** 3 if is_open else random.random())
        alerts = self._alerts(alert_ids, self.now - age, is_open)
        first, last = min(alert.first for alert in alerts), max(alert.last for alert in alerts)
        if status == IncidentStatus.REDIRECTED:
            alerts = []
        user, team = self._assignee(is_open)
        classification, determination = self._classification(is_open)
        tag_ids = sorted({self.world.tag_ids[self._skewed(len(self.world.tag_ids))] for _ in range(self._tag_count())})
        facts, categories, services, assets = _facts(alerts)
        automatic = automatic_name(facts) if alerts else f"Merged incident {number}"
        is_renamed, is_reweighed = random.random() < 0.03, random.random() < 0.02
        name = f"Case of {automatic.lower()}" if is_renamed else automatic
        weight = max((alert.finding.severity for alert in alerts), default=Severity.LOW)
        severity = random.choice(list(Severity)) if is_reweighed else weight
        active = sum(alert.status != AlertStatus.RESOLVED for alert in alerts)
        resolved_at = None if is_open else min(last + timedelta(hours=random.uniform(0.2, 70)), self.now)
        is_restricted = random.random() < 0.002
        factors = with_present(
            priority_factors(_weight(alerts)),
            severity=severity,
            waiting_since=first if is_open and not (user or team) else None,
            now=self.now,
        )
        batch.rows["incidents_incident"].append(
            (
                *(number, name[:500], is_renamed, automatic, int(severity), is_reweighed, int(weight)),
                *(int(status), str(classification), str(determination), user and user.id, team and team.id),
                "" if is_open else "Contained and cleaned up.",
                *(resolved_at, "" if is_open else (user or self.world.users[0]).label),
                merged_into if status == IncidentStatus.REDIRECTED else None,
                *(is_restricted, first, resolved_at or last, 1, first, last, len(alerts), active),
                *(_array(services), _array(categories), json.dumps(assets), _array(map(str, tag_ids))),
                *(_array(_facets_of(alerts)), priority_of(factors), json.dumps(factors)),
                None if is_open else (user or self.world.users[0]).id,
            )
        )
        batch.rows["incidents_incidenttag"] += [(number, tag_id) for tag_id in tag_ids]
        if is_restricted:
            batch.rows["incidents_incidentmember"].append((number, random.choice(self.world.users).id))
        for position, alert in enumerate(alerts):
            reason = self._link(alerts[0], position)
            shared = (str(classification), str(determination), user and user.id, team and team.id)
            raw = _raw(alert)
            batch.rows["alerts_alert"].append(_alert_row(number, alert, shared, reason, payload_sha256(raw)))
            batch.rows["alerts_alertpayload"].append((alert.number, json.dumps(raw)))
            batch.rows["alerts_evidence"] += _evidence_rows(number, alert)
        batch.rows["incidents_incidentsearch"].append((number, _vector(number, name, alerts)))
        state = {
            "name": name[:500],
            "severity": severity.slug,
            "status": status.slug,
            "classification": str(classification),
            "determination": str(determination),
            "alerts_total": len(alerts),
            "alerts_active": active,
            "first_activity": first.isoformat(),
            "last_activity": last.isoformat(),
            "service_sources": services,
            "categories": categories,
            "asset_counts": assets,
            "assignee": _assignee_value(user, team),
        }
        batch.openings.append(_opening(number, state, alerts))

    def _alerts(self, alert_ids: Sequence[int], end: datetime, is_open: bool) -> list[_Alert]:
        """The alerts of one incident, the earliest first; the last one ends at `end`."""
        random = self.random
        anchor = self._entity(EntityKind.DEVICE if random.random() < 0.75 else EntityKind.USER)
        starts = sorted(end - timedelta(seconds=int(86_400 * random.random() ** 3)) for _ in alert_ids[1:])
        kinds = random.choices(FINDINGS, LIKELIHOOD, k=min(len(alert_ids), 3))
        alerts = []
        for position, (number, start) in enumerate(zip(alert_ids, [*starts, end], strict=True)):
            status = AlertStatus.RESOLVED
            if is_open:
                # The last one stays active: an incident without active alerts would be resolved.
                is_done = position < len(starts) and random.random() < 0.3
                status = status if is_done else random.choice((AlertStatus.NEW, AlertStatus.IN_PROGRESS))
            first = start - timedelta(seconds=int(600 * random.random()))
            alerts.append(
                _Alert(number, random.choice(kinds), status, first, start, (anchor, *self._others(anchor.kind)))
            )
        return sorted(alerts, key=lambda alert: (alert.first, alert.number))

    def _others(self, anchor: EntityKind) -> Iterator[Known]:
        if anchor == EntityKind.DEVICE and self.random.random() < 0.5:
            yield self._entity(EntityKind.USER)
        if self.random.random() < 0.5:
            yield self._entity(self.random.choice((EntityKind.IP, EntityKind.FILE, EntityKind.URL)))

    def _entity(self, kind: EntityKind) -> Known:
        """One of the kind; some turn up far more often than others."""
        known = self.world.entities[kind]
        return known[int(len(known) * self.random.random() ** 1.5)]

    def _link(self, opener: _Alert, position: int) -> Row:
        """Rule, reason and entity by which an alert is in its incident."""
        if position == 0:
            return "opened", "It opened this incident.", None
        anchor = opener.entities[0]
        return f"same_{anchor.kind}", f"Same {anchor.kind} {anchor.name} as another alert of the incident.", anchor.id

    def _assignee(self, is_open: bool) -> tuple[Person | None, Person | None]:
        chance = self.random.random()
        if is_open and chance < 0.3:
            return None, None
        if chance < 0.8:
            return self.world.users[self._skewed(len(self.world.users), 2)], None
        return None, self.random.choice(self.world.teams)

    def _classification(self, is_open: bool) -> tuple[Classification, str]:
        if self.random.random() < (0.8 if is_open else 0.1):
            return Classification.NOT_SET, "not_set"
        classification = self.random.choice(list(Classification)[1:])
        return classification, str(self.random.choice(DETERMINATIONS[classification]))

    def _tag_count(self) -> int:
        return self.random.choice((0, 1, 2, 3, 4, 5, 6))

    def _skewed(self, length: int, power: float = 3) -> int:
        return int(length * self.random.random() ** power)


def _facts(alerts: Sequence[_Alert]) -> tuple[NameFacts, list[str], list[str], dict[str, int]]:
    """What an incident's name is made of, and its categories, service sources and assets."""
    titles = list(dict.fromkeys(alert.finding.title for alert in alerts))
    categories = sorted({alert.finding.category for alert in alerts})
    services = sorted({alert.finding.service for alert in alerts})
    seen = {entity.id: str(entity.kind) for alert in alerts for entity in alert.entities}
    kinds = list(seen.values())
    assets = {str(kind): kinds.count(kind) for kind in ASSET_KINDS if kind in kinds}
    facts = NameFacts([*titles[:1], *sorted(titles[1:])[:1]], categories, assets, len(services))
    return facts, categories, services, assets


def _facets_of(alerts: Sequence[_Alert]) -> list[str]:
    devices = [entity for alert in alerts for entity in alert.entities if entity.kind == EntityKind.DEVICE]
    findings = {alert.finding for alert in alerts}
    return facets_of(
        {
            Facet.ALERT_SEVERITY: {finding.severity.slug for finding in findings},
            Facet.DETECTION_SOURCE: {finding.service for finding in findings},
            Facet.CATEGORY: {finding.category for finding in findings},
            Facet.TECHNIQUE: {finding.technique for finding in findings},
            Facet.DEVICE_GROUP: {entity.group for entity in devices},
            Facet.OS_PLATFORM: {entity.platform for entity in devices},
        }
    )


def _weight(alerts: Sequence[_Alert]) -> PriorityFacts:
    categories = {alert.finding.category for alert in alerts}
    return PriorityFacts(
        tactics=len(categories & {str(tactic) for tactic in ATTACK_TACTICS}),
        kinds=len({alert.finding.title for alert in alerts}),
    )


def _alert_row(incident_id: int, alert: _Alert, shared: Row, link: Row, fingerprint: str) -> Row:
    finding = alert.finding
    resolved_at = alert.last if alert.status == AlertStatus.RESOLVED else None
    return (
        *(alert.number, incident_id, SOURCE, f"synthetic-{alert.number}", finding.title),
        f"{finding.title} on {alert.entities[0].name}.",
        *(int(finding.severity), int(alert.status), *shared, _array([finding.category]), _array([finding.technique])),
        *(finding.service, finding.service, finding.service, finding.technique, "", "", ""),
        *(alert.first, alert.last, alert.last, alert.last, resolved_at, 0, fingerprint),
        *(*link, alert.last),
    )


def _raw(alert: _Alert) -> dict[str, Any]:
    return {"id": f"synthetic-{alert.number}", "title": alert.finding.title, "at": alert.last.isoformat()}


def _evidence_rows(incident_id: int, alert: _Alert) -> Iterator[Row]:
    for entity in dict.fromkeys(alert.entities):
        is_attacker = entity.kind in (EntityKind.IP, EntityKind.URL, EntityKind.FILE)
        yield (
            *(alert.number, entity.id, incident_id, alert.last, "{attacker}" if is_attacker else "{attacked}"),
            *("suspicious" if is_attacker else "unknown", "none", "{}"),
        )


def _vector(number: int, name: str, alerts: Sequence[_Alert]) -> str:
    """The words an incident is found by, as a text search vector is written; the database drops what is there twice."""
    found = {f"'{number}'", _lexemes(name)}
    for alert in alerts:
        found.add(_lexemes_of_finding(alert.finding))
        found.update(entity.lexemes for entity in alert.entities)
    return " ".join(found)


@lru_cache
def _lexemes_of_finding(finding: Finding) -> str:
    return f"{_lexemes(finding.title)} '{finding.technique.lower()}'"


def _lexemes(*texts: str) -> str:
    """The words of these texts, quoted as a text search vector has them."""
    return " ".join("'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in words_of(texts))


def _opening(number: int, state: dict[str, Any], alerts: Sequence[_Alert]) -> tuple[int, str, str]:
    changes = [{"field": name, "old": None, "new": value} for name, value in state.items() if value is not None]
    facts = {
        "alerts": [{"id": alert.number, "title": alert.finding.title} for alert in alerts],
        "alert_count": len(alerts),
        "alerts_in_words": f"{len(alerts):,} alerts" if len(alerts) != 1 else f"the alert “{alerts[0].finding.title}”",
        "sender": "Synthetic load",
    }
    return number, json.dumps(changes), json.dumps(facts)


def _assignee_value(user: Person | None, team: Person | None) -> dict[str, str] | None:
    person = user or team
    if person is None:
        return None
    return {"kind": "user" if user else "team", "name": person.name, "label": person.label}


def _array(values: Any) -> str:
    """An array as PostgreSQL writes one; the values hold no quotation marks."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"
