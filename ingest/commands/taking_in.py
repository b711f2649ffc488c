"""Alerts come in: stored, tied to entities, placed in incidents and recorded, some hundred in one transaction.

So an acknowledged alert always belongs to exactly one incident.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from activity.actors import Actor
from alerts import commands as alerts
from alerts.choices import AlertStatus, Classification
from alerts.commands import EvidenceFacts, NewAlert, payload_sha256
from alerts.models import Alert
from common.command import command
from common.errors import Refused
from common.planned import planned_cursor
from entities.commands import Observation, observe
from incidents.choices import OPEN_STATUSES
from incidents.commands import Link, Opening, change_tags, link_alerts, open_incidents
from incidents.commands.change import lock_all
from incidents.commands.linking import refresh
from incidents.models import Incident
from ingest.actors import TUNING
from ingest.choices import TuningAction
from ingest.commands.hiding import hide
from ingest.correlation import HIDDEN, Home, Placement, candidate_of, place_all, said_of_each
from ingest.parsed import ParsedAlert
from ingest.rulebook import Rules, rules
from ingest.tuning import Tuning, catching, facts_of

ATTEMPTS = 5
AT_ONCE = 250
"""Alerts of one transaction, as far as moments allow. Until it ends, other senders whose alerts name the same device or
person wait: of two that send 500 at a time, nearly every pair would."""


class Result(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one alert, and where it belongs."""

    source: str
    external_id: str
    result: Result
    alert_id: int
    incident_id: int


Key = tuple[str, str]
"""Source and external id."""


class Stored(NamedTuple):
    """As much of a stored alert as its outcome tells."""

    id: int
    payload_sha256: str
    incident_id: int


def ingest(parsed: Sequence[ParsedAlert], *, actor: Actor) -> list[Outcome]:
    """Store alerts of one sender in the order given; outcomes in the same order.

    Safe to repeat: an alert sent again unchanged is counted, a changed one updated; where it ended midway, all may be
    sent again. Starts over when somebody else stored one of the same alerts, or took an incident away, in the meantime.
    """
    outcomes: list[Outcome] = []
    for wave in _without_repeats(parsed):
        found = {
            (outcome.source, outcome.external_id): outcome
            for part in _parts(_in_order(wave))
            for outcome in _ingest_patiently(part, actor)
        }
        outcomes += [found[_key(alert)] for alert in wave]
    return outcomes


def _parts(ordered: Sequence[ParsedAlert]) -> Iterator[Sequence[ParsedAlert]]:
    """Cut only between moments: what happened at the same time is placed together, in whatever order it was sent."""
    begin = 0
    for end in range(1, len(ordered)):
        if end - begin >= AT_ONCE and not at_the_same_time(ordered[end - 1], ordered[end]):
            yield ordered[begin:end]
            begin = end
    yield ordered[begin:]


def at_the_same_time(one: ParsedAlert, other: ParsedAlert) -> bool:
    return one.first_activity == other.first_activity or one.last_activity == other.last_activity


def _ingest_patiently(parsed: Sequence[ParsedAlert], actor: Actor) -> list[Outcome]:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ingest_batch(parsed, actor=actor)
        except (IntegrityError, _IncidentTaken) as error:
            is_race = isinstance(error, _IncidentTaken) or "alert_source_external_id" in str(error)
            if not is_race or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


class _IncidentTaken(Exception):
    """An incident that correlation chose was resolved, restricted or merged before its lock was had, or an alert was
    moved to another one."""


@command
def ingest_batch(parsed: Sequence[ParsedAlert], *, actor: Actor) -> list[Outcome]:
    """One batch without repeats inside, all or nothing; see `ingest`."""
    shas = {_key(alert): payload_sha256(alert.raw) for alert in parsed}
    revision, stored = _stored(parsed)
    fresh = [alert for alert in parsed if _key(alert) not in stored]
    repeated = [a for a in parsed if _key(a) in stored and stored[_key(a)].payload_sha256 == shas[_key(a)]]
    updated = [a for a in parsed if _key(a) in stored and stored[_key(a)].payload_sha256 != shas[_key(a)]]

    alerts.count_repeats(stored[_key(alert)].id for alert in repeated)
    _update(updated, stored, shas, actor)
    created = _create(_in_order(fresh), shas, rules(revision), actor) if fresh else {}

    results = {_key(alert): Result.REPEATED for alert in repeated} | {_key(alert): Result.UPDATED for alert in updated}
    rows = stored | created
    return [
        Outcome(
            alert.source,
            alert.external_id,
            results.get(_key(alert), Result.CREATED),
            rows[_key(alert)].id,
            rows[_key(alert)].incident_id,
        )
        for alert in parsed
    ]


def _in_order(alerts: Iterable[ParsedAlert]) -> list[ParsedAlert]:
    """Alerts that come together are placed in the order in which their activity ended, not in that in which they are
    sent: however a sender shuffles what happened at the same time, the incidents are the same."""
    return sorted(alerts, key=attrgetter("last_activity", "first_activity", "source", "external_id"))


def _create(fresh: Sequence[ParsedAlert], shas: dict[Key, str], held: Rules, actor: Actor) -> dict[Key, Stored]:
    """Store new alerts and place them; the incidents they join are locked before they are touched."""
    now = timezone.now()
    tuned = [catching(facts_of(alert), held.tunings, now) for alert in fresh] if held.tunings else [None] * len(fresh)
    fresh = [_tuned(alert, tuning) if tuning else alert for alert, tuning in zip(fresh, tuned, strict=True)]
    entity_ids = _observe(fresh)
    placements = _place(fresh, entity_ids, tuned, held)
    joined = _lock_joined(placements)
    first: dict[Home, tuple[ParsedAlert, Placement]] = {}
    for alert, placement in zip(fresh, placements, strict=True):
        if placement.home.is_new:
            first.setdefault(placement.home, (alert, placement))
    opened = open_incidents(
        [
            Opening(alert.title, alert.severity, alert.first_activity, alert.last_activity, placement.related_to)
            for alert, placement in first.values()
        ]
    )
    numbers = {home: incident.pk for home, incident in zip(first, opened, strict=True)}
    new_alerts = [
        NewAlert(
            _row(alert, shas[_key(alert)], numbers.get(placement.home, placement.home.number), placement, tuning, now),
            alert.raw,
            _evidence(alert, ids),
        )
        for alert, ids, placement, tuning in zip(fresh, entity_ids, placements, tuned, strict=True)
    ]
    for new in new_alerts:
        if incident := joined.get(new.alert.incident_id):
            # Assigning an incident assigns its alerts, those that come later as well.
            new.alert.assignee_user_id = incident.assignee_user_id
            new.alert.assignee_team_id = incident.assignee_team_id
    rows = alerts.store(new_alerts)
    links = [
        Link(row, _words(alert), tuning.in_words if tuning and tuning.action != TuningAction.MARK else "")
        for row, alert, tuning in zip(rows, fresh, tuned, strict=True)
    ]
    incidents = link_alerts(links, opened=opened, grown=list(joined.values()), sender=actor, tuner=TUNING)
    tags: dict[int, dict[str, None]] = {}
    for row, alert in zip(rows, fresh, strict=True):
        tags.setdefault(row.incident_id, {}).update(dict.fromkeys(alert.tags))
    for incident_id, names in tags.items():
        _tag(incidents[incident_id], list(names), actor)
    return {
        _key(alert): Stored(row.pk, row.payload_sha256, row.incident_id) for alert, row in zip(fresh, rows, strict=True)
    }


def _tuned(alert: ParsedAlert, tuning: Tuning) -> ParsedAlert:
    """The alert as the rule that catches it has it come in."""
    changes: dict[str, Any] = {}
    if tuning.action != TuningAction.MARK:
        changes["status"] = AlertStatus.RESOLVED
    if tuning.classification != Classification.NOT_SET:
        changes |= {"classification": tuning.classification, "determination": tuning.determination}
    if tuning.tags:
        changes["tags"] = tuple(dict.fromkeys((*alert.tags, *tuning.tags)))
    return replace(alert, **changes)


def _place(
    fresh: Sequence[ParsedAlert], entity_ids: Sequence[Sequence[int]], tuned: Sequence[Tuning | None], held: Rules
) -> list[Placement]:
    """Where each belongs: what is hidden stands apart, the rest is correlated."""
    hidden = [position for position, each in enumerate(tuned) if each and each.action == TuningAction.HIDE]
    if not hidden:
        return place_all([candidate_of(*each) for each in zip(fresh, entity_ids, strict=True)], held.join_rules)
    kept = sorted(set(range(len(fresh))) - set(hidden))
    found = place_all([candidate_of(fresh[each], entity_ids[each]) for each in kept], held.join_rules)
    openings = sum(placement.opens for placement in found)
    placements = dict(zip(kept, found, strict=True))
    rules_of_hidden = [tuning for each in hidden if (tuning := tuned[each])]
    placements |= zip(hidden, hide(rules_of_hidden, openings), strict=True)
    return [placements[position] for position in range(len(fresh))]


def _tag(incident: Incident, names: list[str], actor: Actor) -> None:
    """Put the sender's tags on the incident. One that may not be set (a system tag's name, one too many) is left out:
    the alert matters more than its tags."""
    try:
        if names:
            change_tags(incident, add=names, actor=actor)
    except Refused:
        for name in names if len(names) > 1 else ():
            _tag(incident, [name], actor)


def _update(updated: Sequence[ParsedAlert], stored: dict[Key, Stored], shas: dict[Key, str], actor: Actor) -> None:
    """Take the source's newer word on alerts it has sent before."""
    if not updated:
        return
    entity_ids = _observe(updated)
    locked = lock_all(stored[_key(alert)].incident_id for alert in updated)
    now = timezone.now()
    for alert, ids in zip(updated, entity_ids, strict=True):
        row = Alert.objects.select_for_update().get(pk=stored[_key(alert)].id)
        if row.incident_id not in locked:
            raise _IncidentTaken
        told = _row(alert, shas[_key(alert)], row.incident_id, None, None, now)
        fresh = NewAlert(told, alert.raw, _evidence(alert, ids))
        drafts = alerts.update_from_source(row, fresh, actor=actor)
        if drafts:
            refresh(row.incident_id, drafts, _words(alert))


def _observe(parsed: Sequence[ParsedAlert]) -> list[list[int]]:
    """Ids of each alert's entities, in the order of its evidence."""
    found = iter(
        observe(
            [
                Observation(evidence.entity, evidence.event_time or alert.last_activity)
                for alert in parsed
                for evidence in alert.evidence
            ]
        )
    )
    return [[next(found) for _ in alert.evidence] for alert in parsed]


def _lock_joined(placements: Sequence[Placement]) -> dict[int, Incident]:
    """Hold the stored incidents that are joined; raises _IncidentTaken when one is no longer to be had."""
    joined = lock_all({placement.home.number for placement in placements if not placement.home.is_new})
    out_of_sight = {placement.home.number for placement in placements if placement.rule == HIDDEN}
    for incident in joined.values():
        is_to_be_open = incident.pk not in out_of_sight
        if (incident.status in OPEN_STATUSES) != is_to_be_open or incident.restricted:
            raise _IncidentTaken
    return joined


def _row(
    alert: ParsedAlert,
    sha256: str,
    incident_id: int,
    placement: Placement | None,
    tuning: Tuning | None,
    now: datetime,
) -> Alert:
    reason = placement.reason if placement else ""
    return Alert(
        incident_id=incident_id,
        source=alert.source,
        external_id=alert.external_id,
        title=alert.title,
        description=alert.description,
        severity=alert.severity,
        status=alert.status,
        resolved_at=now if alert.status == AlertStatus.RESOLVED else None,
        classification=alert.classification,
        determination=alert.determination,
        categories=list(alert.categories),
        techniques=list(alert.techniques),
        service_source=alert.service_source,
        detection_source=alert.detection_source,
        product_name=alert.product_name,
        detector_id=alert.detector_id,
        recommended_actions=alert.recommended_actions,
        source_url=alert.source_url,
        source_incident=alert.source_incident,
        first_activity=alert.first_activity,
        last_activity=alert.last_activity,
        source_created_at=alert.source_created_at,
        payload_sha256=sha256,
        link_rule=placement.rule if placement else "",
        link_reason=f"{reason} {tuning.in_words}" if tuning else reason,
        link_entity_id=placement.entity_id if placement else None,
        tuned_by_id=tuning.number if tuning else None,
    )


def _evidence(alert: ParsedAlert, entity_ids: Sequence[int]) -> list[EvidenceFacts]:
    """The alert's evidence, one row per entity."""
    return [
        EvidenceFacts(
            entity_id,
            evidence.event_time or alert.last_activity,
            evidence.roles,
            str(evidence.verdict),
            str(evidence.remediation_status),
            evidence.details,
        )
        for entity_id, evidence in said_of_each(alert, entity_ids).items()
    ]


def _words(alert: ParsedAlert) -> list[str]:
    """What the alert's incident shall be found by."""
    named = [text for evidence in alert.evidence for text in (evidence.entity.name, evidence.entity.key)]
    return [alert.title, *alert.techniques, *dict.fromkeys(named)]


STORED = """
SELECT (SELECT revision FROM ingest_rulebook ORDER BY id LIMIT 1),
       alert.id, alert.payload_sha256, alert.incident_id, alert.source, alert.external_id
FROM (SELECT) AS once LEFT JOIN (
    SELECT alert.* FROM unnest(%s::text[], %s::text[]) AS wanted (source, external_id)
    JOIN alerts_alert AS alert USING (source, external_id)
) AS alert ON true
"""


def _stored(parsed: Sequence[ParsedAlert]) -> tuple[UUID | None, dict[Key, Stored]]:
    """Which rules hold, and the alerts among these that are stored already; in one statement."""
    with planned_cursor() as cursor:
        cursor.execute(STORED, [[alert.source for alert in parsed], [alert.external_id for alert in parsed]])
        rows = cursor.fetchall()
    return rows[0][0], {(source, name): Stored(*known) for _, *known, source, name in rows if source is not None}


def _key(alert: ParsedAlert) -> Key:
    return alert.source, alert.external_id


def _without_repeats(parsed: Sequence[ParsedAlert]) -> Iterator[list[ParsedAlert]]:
    """Batches in order, none of which holds the same alert twice: the second one must find the first stored."""
    wave: list[ParsedAlert] = []
    keys: set[Key] = set()
    for alert in parsed:
        if _key(alert) in keys:
            yield wave
            wave, keys = [], set()
        wave.append(alert)
        keys.add(_key(alert))
    if wave:
        yield wave
