"""Which incident an alert belongs to, and why.

Deterministic for an input in its order: rules are tried from the strongest to the weakest; among the incidents that a
rule offers, the one nearest in time wins, then the one with the lowest number. An alert joins open incidents only,
never a restricted one, and none that is full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from alerts.choices import EvidenceRole, Verdict
from entities.choices import EntityKind
from entities.noise import is_noise
from ingest.formats.evidence import united
from ingest.parsed import ParsedAlert, ParsedEvidence

MOST_ALERTS_PER_INCIDENT = 1_000
"""A full incident takes no more alerts by correlation; the next one opens a new incident that names it as related."""

ATTACKING = frozenset({EvidenceRole.SOURCE, EvidenceRole.ATTACKER, EvidenceRole.COMMAND_AND_CONTROL})
SUSPECTED = frozenset({Verdict.SUSPICIOUS, Verdict.MALICIOUS})


@dataclass(frozen=True, slots=True)
class CorrelationRule:
    """Alerts that share an entity of this kind within the window tell of one attack."""

    slug: str
    kind: EntityKind
    label: str
    window: timedelta


RULES = (
    CorrelationRule("same_mail_message", EntityKind.MAIL_MESSAGE, "mail message", timedelta(days=7)),
    CorrelationRule("same_file", EntityKind.FILE, "file", timedelta(days=7)),
    CorrelationRule("same_device", EntityKind.DEVICE, "device", timedelta(hours=24)),
    CorrelationRule("same_user", EntityKind.USER, "user", timedelta(hours=24)),
    CorrelationRule("same_mailbox", EntityKind.MAILBOX, "mailbox", timedelta(hours=24)),
    CorrelationRule("same_cloud_resource", EntityKind.CLOUD_RESOURCE, "cloud resource", timedelta(hours=24)),
    CorrelationRule("same_application", EntityKind.APPLICATION, "app", timedelta(hours=24)),
    CorrelationRule("same_url", EntityKind.URL, "URL", timedelta(hours=24)),
    CorrelationRule("same_attacking_address", EntityKind.IP, "attacking address", timedelta(hours=4)),
)
RULE_OF_KIND = {rule.kind: (rank, rule) for rank, rule in enumerate(RULES)}
SAME_SOURCE_INCIDENT = "same_source_incident"
OPENED = "opened"


@dataclass(frozen=True, slots=True)
class Tie:
    """An entity of an alert that may tie it to others."""

    entity_id: int
    rule: CorrelationRule
    rank: int
    name: str


class Sighting(NamedTuple):
    """An entity of an alert that later alerts may be tied to, and when it was seen."""

    entity_id: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert as correlation sees it."""

    first_activity: datetime
    last_activity: datetime
    source: str
    source_incident: str
    ties: tuple[Tie, ...]
    sightings: tuple[Sighting, ...]


class Home(NamedTuple):
    """An incident that an alert may belong to: a stored one by its number, or the n-th that this batch opens."""

    is_new: bool
    number: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an alert belongs, by which rule, and the reason in a sentence."""

    home: Home
    rule: str
    reason: str
    entity_id: int | None = None
    related_to: int | None = None

    @property
    def opens(self) -> bool:
        return self.rule == OPENED


@dataclass(frozen=True, slots=True)
class _Place:
    """A sighting of an entity: in which incident, when, and whether that takes alerts."""

    home: Home
    time: datetime
    is_open: bool


@dataclass(slots=True)
class _Map:
    """What is known of entities and incidents while a batch is placed."""

    by_entity: dict[int, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    by_source_incident: dict[tuple[str, str], _Place] = field(default_factory=dict)
    sizes: dict[Home, int] = field(default_factory=lambda: defaultdict(int))
    openings: int = 0


def ties_of(alert: ParsedAlert, entity_ids: Sequence[int]) -> tuple[Tie, ...]:
    """The entities that may tie the alert to others, strongest kind first.

    Addresses count only where the sensor names nothing better, and only on the attacking side: a name server or a
    proxy in every alert would otherwise tie the whole network together. A URL is nothing better: a scanner asks for
    another one with every request, and its address is all that its requests share.
    """
    ties = []
    for entity_id, evidence in said_of_each(alert, entity_ids).items():
        ranked = RULE_OF_KIND.get(evidence.entity.kind)
        if ranked is None or is_noise(evidence.entity) or not _counts(evidence):
            continue
        ties.append(Tie(entity_id, ranked[1], ranked[0], evidence.entity.name))
    if any(tie.rule.kind not in (EntityKind.IP, EntityKind.URL) for tie in ties):
        ties = [tie for tie in ties if tie.rule.kind != EntityKind.IP]
    return tuple(sorted(ties, key=lambda tie: (tie.rank, tie.entity_id)))


def sightings_of(alert: ParsedAlert, entity_ids: Sequence[int]) -> tuple[Sighting, ...]:
    """What later alerts may be tied to: the same that SIGHTINGS finds once the alert is stored, so that it makes no
    difference whether alerts come in one batch or in several.

    An address counts here even where the alert names something better: a network sensor that knows nothing else of the
    attacker then finds it.
    """
    return tuple(
        Sighting(entity_id, evidence.event_time or alert.last_activity)
        for entity_id, evidence in said_of_each(alert, entity_ids).items()
        if evidence.entity.kind in RULE_OF_KIND and _counts(evidence)
    )


def said_of_each(alert: ParsedAlert, entity_ids: Sequence[int]) -> dict[int, ParsedEvidence]:
    """The alert's evidence by entity; what is said twice of one is joined, the worst verdict kept."""
    by_entity: dict[int, ParsedEvidence] = {}
    for evidence, entity_id in zip(alert.evidence, entity_ids, strict=True):
        earlier = by_entity.get(entity_id)
        by_entity[entity_id] = united(earlier, evidence) if earlier else evidence
    return by_entity


def place(candidates: Sequence[Candidate]) -> list[Placement]:
    """Decide for each alert, in order; later ones see where earlier ones went. One read of the database for all."""
    known = _read(candidates)
    placements = []
    for candidate in candidates:
        placement = _choose(candidate, known)
        _remember(candidate, placement.home, known)
        placements.append(placement)
    return placements


def _choose(candidate: Candidate, known: _Map) -> Placement:
    grouped = known.by_source_incident.get((candidate.source, candidate.source_incident))
    if candidate.source_incident and grouped and grouped.is_open and _has_room(grouped.home, known):
        reason = f"Its source has it in the same incident ({candidate.source_incident})."
        return Placement(grouped.home, SAME_SOURCE_INCIDENT, reason)
    offers = sorted(_offers(candidate, known), key=lambda offer: offer[:3])
    for _, gap, home, tie, is_open in offers:
        if is_open and _has_room(home, known):
            return Placement(home, tie.rule.slug, _reason(tie, gap), tie.entity_id)
    related_to = next((home.number for _, _, home, _, _ in offers if not home.is_new), None)
    reason = "It opened this incident."
    if related_to is not None:
        reason = f"It is related to incident {related_to}, which takes no more alerts, and opened this incident."
    known.openings += 1
    return Placement(Home(True, known.openings - 1), OPENED, reason, related_to=related_to)


def _offers(candidate: Candidate, known: _Map) -> Iterator[tuple[int, timedelta, Home, Tie, bool]]:
    """Every incident that shares an entity within its rule's window: rule's rank, distance in time, incident."""
    for tie in candidate.ties:
        for known_place in known.by_entity.get(tie.entity_id, ()):
            gap = _gap(candidate, known_place.time)
            if gap <= tie.rule.window:
                yield tie.rank, gap, known_place.home, tie, known_place.is_open


def _reason(tie: Tie, gap: timedelta) -> str:
    when = "at the same time" if gap < timedelta(minutes=1) else f"{in_words(gap)} apart"
    return (
        f"Same {tie.rule.label} {tie.name[:300]} as another alert of the incident, {when} "
        f"(within {in_words(tie.rule.window)})."
    )


def in_words(span: timedelta) -> str:
    """A span of time in its largest fitting units: "2 h 10 min", "7 d"."""
    minutes = round(span.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 1440)} d"


def _counts(evidence: ParsedEvidence) -> bool:
    """An address must attack; a file must be suspected, or every use of a shell would belong together."""
    match evidence.entity.kind:
        case EntityKind.IP:
            return not ATTACKING.isdisjoint(evidence.roles)
        case EntityKind.FILE:
            return evidence.verdict in SUSPECTED
    return True


def _has_room(home: Home, known: _Map) -> bool:
    return known.sizes[home] < MOST_ALERTS_PER_INCIDENT


def _gap(candidate: Candidate, time: datetime) -> timedelta:
    """How far a time lies outside the alert's activity; nothing when inside."""
    if time < candidate.first_activity:
        return candidate.first_activity - time
    return max(time - candidate.last_activity, timedelta(0))


def _remember(candidate: Candidate, home: Home, known: _Map) -> None:
    known.sizes[home] += 1
    for sighting in candidate.sightings:
        known.by_entity[sighting.entity_id].append(_Place(home, sighting.time, True))
    if candidate.source_incident:
        known.by_source_incident[candidate.source, candidate.source_incident] = _Place(
            home, candidate.last_activity, True
        )


PLACES_PER_ENTITY = 200
"""Of each entity only so many of its latest sightings are weighed; enough to meet every open incident in practice."""

# Two branches, because only the first can be answered by the index alone; the second is `_counts` in SQL.
SIGHTINGS = """
SELECT tie.entity_id, sighting.incident_number, sighting.event_time, incident.status IN (1, 2), incident.alerts_total
FROM unnest(%(entities)s::bigint[], %(kinds)s::text[], %(since)s::timestamptz[], %(until)s::timestamptz[])
     AS tie (entity_id, kind, since, until)
CROSS JOIN LATERAL (
    (SELECT incident_number, event_time FROM alerts_evidence
     WHERE tie.kind NOT IN ('ip', 'file') AND entity_id = tie.entity_id
           AND event_time BETWEEN tie.since AND tie.until
     ORDER BY event_time DESC LIMIT %(limit)s)
    UNION ALL
    (SELECT incident_number, event_time FROM alerts_evidence
     WHERE tie.kind IN ('ip', 'file') AND entity_id = tie.entity_id
           AND event_time BETWEEN tie.since AND tie.until
           AND (tie.kind = 'file' OR roles && %(attacking)s::varchar[])
           AND (tie.kind = 'ip' OR verdict = ANY(%(suspected)s))
     ORDER BY event_time DESC LIMIT %(limit)s)
) AS sighting
JOIN incidents_incident AS incident ON incident.id = sighting.incident_number
WHERE NOT incident.restricted AND incident.status IN (1, 2, 3)
"""

SOURCE_INCIDENTS = """
SELECT DISTINCT ON (alert.source, alert.source_incident)
       alert.source, alert.source_incident, alert.incident_id, alert.last_activity, incident.alerts_total
FROM unnest(%s::text[], %s::text[]) AS wanted (source, source_incident)
JOIN alerts_alert AS alert USING (source, source_incident)
JOIN incidents_incident AS incident ON incident.id = alert.incident_id
WHERE alert.source_incident <> '' AND incident.status IN (1, 2) AND NOT incident.restricted
ORDER BY alert.source, alert.source_incident, alert.id DESC
"""


def _read(candidates: Sequence[Candidate]) -> _Map:
    """What the database knows of the candidates' entities, within the time that could matter."""
    known = _Map()
    spans: dict[int, tuple[datetime, datetime]] = {}
    kinds: dict[int, str] = {}
    for candidate in candidates:
        for tie in candidate.ties:
            kinds[tie.entity_id] = tie.rule.kind.slug
            since, until = candidate.first_activity - tie.rule.window, candidate.last_activity + tie.rule.window
            earlier = spans.get(tie.entity_id, (since, until))
            spans[tie.entity_id] = min(since, earlier[0]), max(until, earlier[1])
    grouped = sorted({(c.source, c.source_incident) for c in candidates if c.source_incident})
    with connection.cursor() as cursor:
        if spans:
            entities = sorted(spans)
            cursor.execute(
                SIGHTINGS,
                {
                    "entities": entities,
                    "kinds": [kinds[entity] for entity in entities],
                    "since": [spans[entity][0] for entity in entities],
                    "until": [spans[entity][1] for entity in entities],
                    "attacking": sorted(role.slug for role in ATTACKING),
                    "suspected": sorted(verdict.slug for verdict in SUSPECTED),
                    "limit": PLACES_PER_ENTITY,
                },
            )
            for entity_id, incident_id, time, is_open, size in cursor.fetchall():
                home = Home(False, incident_id)
                known.by_entity[entity_id].append(_Place(home, time, is_open))
                known.sizes[home] = size
        if grouped:
            cursor.execute(SOURCE_INCIDENTS, [[source for source, _ in grouped], [name for _, name in grouped]])
            for source, name, incident_id, time, size in cursor.fetchall():
                home = Home(False, incident_id)
                known.by_source_incident[source, name] = _Place(home, time, True)
                known.sizes[home] = size
    return known
