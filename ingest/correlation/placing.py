"""Which incident an alert belongs to, and why: the decision itself, without the database.

Deterministic for an input in its order: rules are tried from the strongest to the weakest; among the incidents that a
rule offers, the one nearest in time wins, then the one with the lowest number. An alert joins open incidents only,
never a restricted one, and none that is full. The same function places alerts as they come in and stored ones when a
change of the rules is tried out.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from alerts.choices import EvidenceRole, Verdict
from entities.choices import EntityKind
from entities.noise import is_noise
from ingest.correlation.join_rules import OPENED, ActiveRule, JoinRules
from ingest.formats.evidence import united
from ingest.parsed import ParsedAlert, ParsedEvidence

MOST_ALERTS_PER_INCIDENT = 1_000
"""A full incident takes no more alerts by correlation; the next one opens a new incident that names it as related."""
PLACES_PER_ENTITY = 200
"""Of each entity only so many of its latest sightings are weighed; enough to meet every open incident in practice."""

ATTACKING = frozenset({EvidenceRole.SOURCE, EvidenceRole.ATTACKER, EvidenceRole.COMMAND_AND_CONTROL})
SUSPECTED = frozenset({Verdict.SUSPICIOUS, Verdict.MALICIOUS})
NOTHING_BETTER = frozenset({EntityKind.IP, EntityKind.URL, EntityKind.DOMAIN})
"""Where an alert names only these, its attacking address counts."""


class Mention(NamedTuple):
    """An entity as an alert names it, as far as correlation goes by it."""

    entity_id: int
    kind: EntityKind
    name: str
    time: datetime
    counts: bool
    """Whether it plays the part that ties: an address attacks, a file is suspected."""
    is_noise: bool
    """Whether it turns up everywhere; then it ties nothing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert as correlation sees it."""

    first_activity: datetime
    last_activity: datetime
    source: str
    source_incident: str
    detector: str
    severity: int
    mentions: tuple[Mention, ...]


class Tie(NamedTuple):
    """An entity of an alert that ties it to others, and the rule by which."""

    rank: int
    entity_id: int
    rule: ActiveRule
    name: str


class Home(NamedTuple):
    """An incident that an alert may belong to: a stored one by its number, or the n-th that this batch opens."""

    is_new: bool
    number: int


LAST_HOME = Home(True, 2**63)


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


@dataclass(slots=True)
class Known:
    """What is known of entities and incidents while alerts are placed."""

    by_entity: dict[int, list[tuple[datetime, Home]]] = field(default_factory=lambda: defaultdict(list))
    """Sightings of each entity in the order of their times, and in which incident."""
    by_source_incident: dict[tuple[str, str], Home] = field(default_factory=dict)
    sizes: dict[Home, int] = field(default_factory=lambda: defaultdict(int))
    closed: set[Home] = field(default_factory=set)
    apart: set[tuple[int, Home]] = field(default_factory=set)
    """What people have taken apart: an entity, and an incident to which it ties no new alert."""
    groups_apart: set[tuple[str, str, Home]] = field(default_factory=set)
    """The same of the senders' own incidents."""
    openings: int = 0

    def takes_more(self, home: Home) -> bool:
        return home not in self.closed and self.sizes[home] < MOST_ALERTS_PER_INCIDENT


def candidate_of(alert: ParsedAlert, entity_ids: Sequence[int]) -> Candidate:
    """An alert that has just come in, its entities known by id."""
    return Candidate(
        alert.first_activity,
        alert.last_activity,
        alert.source,
        alert.source_incident,
        alert.detector_id,
        alert.severity,
        tuple(
            Mention(
                entity_id,
                evidence.entity.kind,
                evidence.entity.name,
                evidence.event_time or alert.last_activity,
                counts(evidence.entity.kind, evidence.roles, evidence.verdict),
                bool(is_noise(evidence.entity)),
            )
            for entity_id, evidence in said_of_each(alert, entity_ids).items()
        ),
    )


def said_of_each(alert: ParsedAlert, entity_ids: Sequence[int]) -> dict[int, ParsedEvidence]:
    """The alert's evidence by entity; what is said twice of one is joined, the worst verdict kept."""
    by_entity: dict[int, ParsedEvidence] = {}
    for evidence, entity_id in zip(alert.evidence, entity_ids, strict=True):
        earlier = by_entity.get(entity_id)
        by_entity[entity_id] = united(earlier, evidence) if earlier else evidence
    return by_entity


def counts(kind: EntityKind, roles: Collection[str], verdict: str) -> bool:
    """An address must attack; a file must be suspected, or every use of a shell would belong together."""
    if kind is EntityKind.IP:
        return not ATTACKING.isdisjoint(roles)
    return kind is not EntityKind.FILE or verdict in SUSPECTED


def ties_of(candidate: Candidate, rules: JoinRules) -> list[Tie]:
    """The entities that may tie the alert to others, strongest rule first.

    Addresses count only where the sensor names nothing better, and only on the attacking side: a name server or a
    proxy in every alert would otherwise tie the whole network together. A URL is nothing better: a scanner asks for
    another one with every request, and its address is all that its requests share.
    """
    ties = []
    for mention in candidate.mentions:
        rule = rules.of_kind.get(mention.kind)
        if rule is None or mention.is_noise or not mention.counts or not _admits(rule, candidate):
            continue
        if rule.entities.fit(mention.name):
            continue
        ties.append(Tie(rule.rank, mention.entity_id, rule, mention.name))
    if any(tie.rule.rule.kind not in NOTHING_BETTER for tie in ties):
        ties = [tie for tie in ties if tie.rule.rule.kind is not EntityKind.IP]
    return sorted(ties, key=lambda tie: tie[:2])


def place(candidate: Candidate, ties: Sequence[Tie], known: Known, rules: JoinRules) -> Placement:
    """Decide where an alert belongs by its ties (see `ties_of`), and remember it for those that follow."""
    placement = _choose(candidate, ties, known, rules)
    home = placement.home
    known.sizes[home] += 1
    # An address counts here even where the alert names something better: a network sensor that knows nothing else of
    # the attacker then finds it. The same as the database finds once the alert is stored, so that it makes no
    # difference whether alerts come in one batch or in several.
    for mention in candidate.mentions:
        rule = rules.of_kind.get(mention.kind)
        if rule is not None and mention.counts and _admits(rule, candidate):
            insort(known.by_entity[mention.entity_id], (mention.time, home))
    if candidate.source_incident and rules.grouping and _admits(rules.grouping, candidate):
        known.by_source_incident[candidate.source, candidate.source_incident] = home
    return placement


def _choose(candidate: Candidate, ties: Sequence[Tie], known: Known, rules: JoinRules) -> Placement:
    if candidate.source_incident and rules.grouping and _admits(rules.grouping, candidate):
        grouped = known.by_source_incident.get((candidate.source, candidate.source_incident))
        is_apart = (candidate.source, candidate.source_incident, grouped) in known.groups_apart
        if grouped and known.takes_more(grouped) and not is_apart:
            reason = f"Its source has it in the same incident ({candidate.source_incident})."
            return Placement(grouped, rules.grouping.rule.slug, reason)
    related_to = None
    for gap, home, tie in _offers(candidate, ties, known):
        if known.takes_more(home):
            return Placement(home, tie.rule.rule.slug, _reason(tie, gap), tie.entity_id)
        if related_to is None and not home.is_new:
            related_to = home.number
    reason = "It opened this incident."
    if related_to is not None:
        reason = f"It is related to incident {related_to}, which takes no more alerts, and opened this incident."
    known.openings += 1
    return Placement(Home(True, known.openings - 1), OPENED, reason, related_to=related_to)


def _admits(rule: ActiveRule, candidate: Candidate) -> bool:
    return not rule.is_conditional or rule.admits(candidate.source, candidate.detector, candidate.severity)


def _offers(candidate: Candidate, ties: Sequence[Tie], known: Known) -> list[tuple[timedelta, Home, Tie]]:
    """Every incident that shares an entity within its rule's window, by rule, then distance in time, then number."""
    nearest: dict[tuple[int, Home], tuple[timedelta, Tie]] = {}
    for tie in ties:
        places = known.by_entity.get(tie.entity_id)
        if not places:
            continue
        window = tie.rule.rule.window
        start = bisect_left(places, (candidate.first_activity - window,))
        end = bisect_right(places, (candidate.last_activity + window, LAST_HOME))
        for time, home in places[max(start, end - PLACES_PER_ENTITY) : end]:
            if known.apart and (tie.entity_id, home) in known.apart:
                continue
            gap = _gap(candidate, time)
            best = nearest.get((tie.rank, home))
            if best is None or gap < best[0]:
                nearest[tie.rank, home] = gap, tie
    ordered = sorted((rank, gap, home, tie.entity_id, tie) for (rank, home), (gap, tie) in nearest.items())
    return [(gap, home, tie) for _, gap, home, _, tie in ordered]


def _reason(tie: Tie, gap: timedelta) -> str:
    when = "at the same time" if gap < timedelta(minutes=1) else f"{in_words(gap)} apart"
    rule = tie.rule.rule
    return (
        f"Same {rule.label} {tie.name[:300]} as another alert of the incident, {when} (within {in_words(rule.window)})."
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


def _gap(candidate: Candidate, time: datetime) -> timedelta:
    """How far a time lies outside the alert's activity; nothing when inside."""
    if time < candidate.first_activity:
        return candidate.first_activity - time
    return max(time - candidate.last_activity, timedelta(0))
