"""What people do to the evidence of an incident: judge it, add some by hand, take such out again.

A verdict is given to an entity within one incident: to all that its alerts, and people, have as evidence of it there.
What the same entity was found to be elsewhere is another matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from django.utils import timezone

from activity.actors import Actor, Channel
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import Verdict
from alerts.commands import evidence as pieces
from alerts.commands.evidence import as_logged
from alerts.models import Evidence
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from entities.commands import Observation, observe
from entities.identity import EntityIdentity
from entities.queries import entities_named
from incidents.choices import IncidentStatus
from incidents.commands.change import lock, record_under_version, save
from incidents.commands.linking import refresh
from incidents.models import Incident
from incidents.rules import MOST_ADDED, MOST_JUDGED, check_note

Found = dict[int, list[Evidence]]
Leave = Mapping[str, frozenset[int]]
"""Field → entities that keep what somebody else has made of it meanwhile."""


class EvidenceConflict(Conflict):
    """Entities that somebody else judged meanwhile; `entities` says by field which ones."""

    def __init__(self, version: int, conflicts: list[FieldConflict], on: Leave) -> None:
        super().__init__(version, conflicts)
        self.entities = on


@command
def judge_evidence(
    incident: Incident,
    entity_ids: Sequence[int],
    judgement: Judgement,
    *,
    actor: Actor,
    based_on: int | None = None,
    leave: Leave | None = None,
    batch: UUID | None = None,
) -> int:
    """Give entities of the incident a verdict or remediation status; on how many something is otherwise now.

    `based_on` is the version of the incident that the person saw: where somebody has judged one of the entities since,
    to something else, raises EvidenceConflict. `leave` names those that stay as they are. A source's newer word does
    not overwrite what a person has said.
    """
    incident = _unmerged(incident)
    wanted = sorted(set(entity_ids))
    if len(wanted) > MOST_JUDGED:
        raise Refused(f"At most {MOST_JUDGED} pieces of evidence at once; these are {len(wanted)}. Choose fewer.")
    found = pieces.locked(incident.pk, wanted)
    if len(found) < len(wanted):
        raise Refused("Some of this is no evidence of the incident any more; look again, then choose again.")
    if based_on is not None:
        _check_conflicts(incident, found, judgement, based_on, leave or {})
    if len(wanted) > 1:
        actor = actor.through(Channel.BULK)
    drafts = pieces.judge(found, judgement, leave or {}, actor=actor, batch=batch or uuid4())
    if drafts:
        incident.version += 1
        save(incident, "version")
        record_under_version(incident, drafts)
    return len(drafts)


@command
def add_evidence(
    incident: Incident,
    identities: Sequence[EntityIdentity],
    *,
    actor: Actor,
    verdict: Verdict = Verdict.UNKNOWN,
    note: str = "",
    batch: UUID | None = None,
) -> int:
    """Add entities to the incident's evidence by hand; how many are new there. What is evidence already stays as it is.

    Raises Refused for too many, a note too long, or an incident that was merged away.
    """
    incident = _unmerged(incident)
    note = check_note(note)
    if len(identities) > MOST_ADDED:
        raise Refused(f"At most {MOST_ADDED} indicators at once; these are {len(identities)}. Add them in parts.")
    known = entities_named(identities)
    there = Evidence.objects.filter(incident_number=incident.pk, entity__in=[each for each in known if each])
    present = set(there.values_list("entity_id", flat=True))
    new = [one for one, entity_id in zip(identities, known, strict=True) if entity_id not in present]
    if not new:
        return 0
    now = timezone.now()
    entity_ids = set(observe([Observation(one, now) for one in new])) - present
    drafts = pieces.add(
        incident.pk, entity_ids, verdict=verdict, note=note, at=now, actor=actor, batch=batch or uuid4()
    )
    if drafts:
        refresh(incident.pk, drafts, [text for one in new for text in (one.name, one.key)])
    return len(drafts)


@command
def remove_evidence(incident: Incident, entity_ids: Sequence[int], *, actor: Actor, batch: UUID | None = None) -> int:
    """Take out what was added to the incident by hand; what its alerts say stays. How many entities that were.

    The words it could be found by stay: who looks for them finds where they stood.
    """
    incident = _unmerged(incident)
    added = Evidence.objects.filter(incident_number=incident.pk, entity__in=list(entity_ids), alert__isnull=True)
    rows = list(added.select_related("entity").order_by("pk").select_for_update(of=("self",)))
    if not rows:
        return 0
    drafts = pieces.remove(rows, actor=actor, batch=batch or uuid4())
    refresh(incident.pk, drafts)
    return len({row.entity_id for row in rows})


def _unmerged(incident: Incident) -> Incident:
    incident = lock(incident)
    if incident.status == IncidentStatus.REDIRECTED:
        raise Refused(f"It was merged into #{incident.redirected_to_id}; its evidence is there.")
    return incident


def _check_conflicts(incident: Incident, found: Found, judgement: Judgement, based_on: int, leave: Leave) -> None:
    """Raises EvidenceConflict when entities were judged since, to something else than what is wanted."""
    newer = Entry.objects.of_incident(incident.pk).filter(
        incident_version__gt=based_on, subject_kind="entity", subject_id__in=[str(number) for number in found]
    )
    changed_by: dict[tuple[str, int], str] = {}
    for entry in newer.order_by("sequence"):
        for change in entry.changes:
            changed_by[change["field"], int(entry.subject_id)] = entry.actor_label
    conflicts: list[FieldConflict] = []
    on: dict[str, frozenset[int]] = {}
    for name, wanted in judgement.wishes().items():
        present = {number: as_logged(rows, name) for number, rows in found.items() if (name, number) in changed_by}
        differing = [number for number in present if present[number] != wanted and number not in leave.get(name, ())]
        if differing:
            people = dict.fromkeys(changed_by[name, number] for number in differing)
            theirs = present[differing[0]]
            if any(present[number] != theirs for number in differing):
                theirs = {"label": "Different values"}
            conflicts.append(FieldConflict(name, theirs, wanted, ", ".join(people)))
            on[name] = frozenset(differing)
    if conflicts:
        raise EvidenceConflict(incident.version, conflicts, on)
