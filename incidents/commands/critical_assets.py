"""What critical assets mean for their incidents: the system's tag, and a share of the priority.

Alerts that come in bring both along. Where the criticality of assets changes by itself, because a classification was
changed or a person said so, a job works through the assets and the open incidents they are in; resolved ones keep what
was true when they were worked on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from uuid import UUID

from django.db import connection

from activity.actors import CORRELATION, Actor
from activity.record import Change
from common.command import command
from common.jobs import UNFINISHED, JobState
from entities.choices import ASSET_KINDS, Criticality
from entities.commands import judge_entities
from entities.models import Entity
from entities.rules import RANK
from incidents import verbs, weighing
from incidents.choices import TagKind
from incidents.commands.change import lock_all, save_and_record
from incidents.commands.tagging import find_or_create, put_tags, tag_names
from incidents.models import Incident, PendingIncident, Reassessment, Tag
from incidents.rules import CRITICAL_ASSET, asset_factor
from incidents.summary import Summary

ASSETS_AT_ONCE = 2_000
"""Assets that are judged in one transaction."""
INCIDENTS_AT_ONCE = 50
"""Incidents that are brought up to date in one transaction, which keeps them locked."""


# --- one incident --------------------------------------------------------------------------------------------------


def newly_critical(summarised: Summary) -> bool:
    """Whether one of the assets is critical and the incident does not say so yet."""
    return bool(summarised.weight.criticality) and not summarised.is_marked


def mark_critical(incidents: MutableMapping[int, Incident], numbers: Iterable[int]) -> None:
    """Give locked incidents the tag; part of the command that brought the alerts, which has weighed them already."""
    numbers = list(numbers)
    tag = _tag() if numbers else None
    if tag is None:
        return
    reasons = _most_critical(numbers)
    for number in numbers:
        _set_mark(incidents[number], tag, is_critical=True, because=_because(reasons.get(number)), actor=CORRELATION)


def _follow_assets(incidents: Mapping[int, Incident], *, actor: Actor, batch: UUID) -> int:
    """Bring tag and priority of locked incidents up to date with their assets; how many were not."""
    tag = _tag()
    found = _most_critical(list(incidents))
    changed = 0
    for number, incident in incidents.items():
        most = found.get(number)
        others = [factor for factor in incident.priority_factors if factor[0] != "assets"]
        is_heavier = weighing.weigh(incident, [*others, *asset_factor(most[0] if most else "")])
        is_marked = tag is not None and tag.pk in incident.tag_ids
        if tag is not None and is_marked != bool(most):
            _set_mark(incident, tag, is_critical=bool(most), because=_because(most), actor=actor, batch=batch)
        elif is_heavier:
            incident.save(update_fields=weighing.FIELDS)
        changed += is_heavier or is_marked != bool(most)
    return changed


def _set_mark(
    incident: Incident, tag: Tag, *, is_critical: bool, because: str, actor: Actor, batch: UUID | None = None
) -> None:
    before = list(incident.tags.all())
    coming, gone = ([tag], []) if is_critical else ([], [tag.pk])
    after = [*before, *coming] if is_critical else [each for each in before if each.pk != tag.pk]
    put_tags(incident, coming=coming, gone=gone)
    save_and_record(
        incident,
        verbs.CRITICAL_MARKED if is_critical else verbs.CRITICAL_UNMARKED,
        [Change("tags", tag_names(before), tag_names(after))],
        fields=["tag_ids", *weighing.FIELDS],
        actor=actor,
        batch=batch,
        facts={"because": because} if because else {},
    )


def _tag() -> Tag | None:
    """The system's tag; none where people made a custom tag of this name before, which stays theirs."""
    known = Tag.objects.named([CRITICAL_ASSET]).get(CRITICAL_ASSET)
    if known is not None:
        return known if known.kind == TagKind.CRITICAL else None
    return find_or_create([CRITICAL_ASSET], TagKind.CRITICAL)[0]


Most = tuple[str, str, str]
"""Level, name and classification of an incident's most critical asset."""

CRITICAL_ASSETS = """
SELECT DISTINCT evidence.incident_number, entity.criticality, entity.name, coalesce(classification.name, '')
FROM alerts_evidence AS evidence JOIN entities_entity AS entity ON entity.id = evidence.entity_id
LEFT JOIN entities_assetclassification AS classification ON classification.id = entity.classification_id
WHERE evidence.incident_number = ANY(%s) AND entity.kind = ANY(%s) AND entity.criticality <> ''
"""


def _most_critical(numbers: Sequence[int]) -> dict[int, Most]:
    with connection.cursor() as cursor:
        cursor.execute(CRITICAL_ASSETS, [list(numbers), [str(kind) for kind in ASSET_KINDS]])
        rows = cursor.fetchall()
    found: dict[int, Most] = {}
    for number, *rest in sorted(rows, key=lambda row: (row[0], RANK.get(row[1], len(RANK)), row[2])):
        found.setdefault(number, (rest[0], rest[1], rest[2]))
    return found


def _because(most: Most | None) -> str:
    """ "DC-01 (very high: Domain controllers)"."""
    if most is None:
        return ""
    level, name, classification = most
    label = str(Criticality(level).label).lower()
    return f"{name[:200]} ({label}: {classification})" if classification else f"{name[:200]} ({label})"


# --- all of them ---------------------------------------------------------------------------------------------------


def start_reassessment(cause: str, *, actor: Actor, entity_ids: Sequence[int] | None = None) -> Reassessment:
    """A job that follows from something just recorded, in its transaction: about all assets, or about the incidents of
    these alone, which have been judged already."""
    job = Reassessment(
        actor={"kind": str(actor.kind), "label": actor.label, "id": actor.id, "channel": str(actor.channel)},
        cause=cause[:300],
        is_whole=entity_ids is None,
        are_judged=entity_ids is not None,
    )
    if entity_ids is None:
        job.total = Entity.objects.assets().count()
    else:
        _wait_for(entity_ids)
    job.save(force_insert=True)
    return job


@command
def reassess(number: UUID, *, actor: Actor) -> bool:
    """Do the next chunk of a reassessment; whether more is left for now. Nothing while somebody else has it in hand."""
    rows = Reassessment.objects.select_for_update(skip_locked=True, no_key=True)
    job = rows.filter(pk=number, state__in=UNFINISHED).first()
    if job is None:
        return False
    goes_on = True
    if job.is_whole and _is_overtaken(job):
        job.end(JobState.CANCELLED, "A later change took it over.")
    elif not job.are_judged:
        goes_on = _judge_assets(job)
    else:
        _bring_incidents(job, actor)
    job.save()
    return goes_on and not job.is_over


def _is_overtaken(job: Reassessment) -> bool:
    later = Reassessment.objects.filter(is_whole=True, created_at__gt=job.created_at)
    return not job.are_judged and later.exists()


def _judge_assets(job: Reassessment) -> bool:
    """The next assets, once nobody is left who may still judge by the rules of before; whether it could be done."""
    job.hold()
    if job.since is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            job.since = cursor.fetchone()[0]
        return True
    if _may_judge_by_former_rules(job.since):
        job.leased_until = None
        return False
    judged = judge_entities(job.last_entity, ASSETS_AT_ONCE)
    _wait_for(judged.changed)
    job.last_entity, job.are_judged = judged.last, judged.number < ASSETS_AT_ONCE
    _count(job, assets=judged.number, changed=len(judged.changed))
    return True


# Of this database alone: the other databases of the server have rules of their own.
OLDER = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
               AND age(backend_xid) > age((%s %% 4294967296)::text::xid))
"""


def _may_judge_by_former_rules(since: int) -> bool:
    """Whether a transaction still runs that began before this one, and so may have read the rules of before the change
    and store assets, unseen as yet, that it judged by them."""
    with connection.cursor() as cursor:
        cursor.execute(OLDER, [since])
        return bool(cursor.fetchone()[0])


def _bring_incidents(job: Reassessment, actor: Actor) -> None:
    """The next incidents that wait."""
    waiting = PendingIncident.objects.select_for_update(skip_locked=True).order_by("incident")[:INCIDENTS_AT_ONCE]
    rows = list(waiting)
    if not rows:
        job.end(JobState.DONE)
        return
    incidents = lock_all(row.incident_id for row in rows)
    changed = _follow_assets(
        {number: incident for number, incident in incidents.items() if incident.is_open}, actor=actor, batch=job.pk
    )
    PendingIncident.objects.filter(pk__in=[row.pk for row in rows]).delete()
    job.hold()
    _count(job, incidents=changed)
    if len(rows) < INCIDENTS_AT_ONCE and not PendingIncident.objects.exists():
        job.end(JobState.DONE)


def _wait_for(entity_ids: Sequence[int]) -> None:
    """Put the open incidents that these assets are in into the queue."""
    if not entity_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incidents_pendingincident (incident_id)"
            " SELECT DISTINCT incident.id FROM alerts_evidence AS evidence"
            " JOIN incidents_incident AS incident ON incident.id = evidence.incident_number"
            " WHERE evidence.entity_id = ANY(%s) AND incident.status IN (1, 2)"
            " ORDER BY incident.id ON CONFLICT (incident_id) DO NOTHING",
            [list(entity_ids)],
        )


def _count(job: Reassessment, **more: int) -> None:
    job.counts = {**job.counts, **{name: job.counts.get(name, 0) + number for name, number in more.items()}}
