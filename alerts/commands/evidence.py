"""What people do to evidence: judge it, add some by hand, take such away again. As in `alerts.py` beside it, all run
inside a command of the floor above, which holds the incident's lock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from activity.actors import Actor
from activity.record import Change, Draft, Subject
from alerts import verbs
from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from alerts.models import Evidence
from common.defang import defang
from entities.models import Entity

TERMS: dict[str, type[Verdict] | type[RemediationStatus]] = {
    "verdict": Verdict,
    "remediation_status": RemediationStatus,
}
"""What can be judged of evidence, and its words."""
MANUAL = {"verdict": "verdict_is_manual", "remediation_status": "remediation_is_manual"}


def locked(incident_id: int, entity_ids: Iterable[int]) -> dict[int, list[Evidence]]:
    """What the incident has on each of these entities, held until the transaction ends; those it has nothing on are
    left out."""
    rows = (
        Evidence.objects.filter(incident_number=incident_id, entity__in=list(entity_ids))
        .select_related("entity")
        .only("incident_number", "verdict", "remediation_status", *MANUAL.values(), "entity__kind", "entity__name")
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    found: dict[int, list[Evidence]] = defaultdict(list)
    for row in rows:
        found[row.entity_id].append(row)
    return found


def as_logged(pieces: Sequence[Evidence], name: str) -> Any:
    """What the pieces on one entity say, as the log has it: a word, or the words and who has the rarer ones, so that
    each can be given back its own."""
    words = Counter(getattr(piece, name) for piece in pieces).most_common()
    if len(words) <= 1:
        return words[0][0] if words else None
    label = ", ".join(f"{TERMS[name](word).label} ({number})" for word, number in words)
    rarer: dict[str, list[int]] = defaultdict(list)
    for piece in pieces:
        if getattr(piece, name) != words[0][0]:
            rarer[getattr(piece, name)].append(piece.pk)
    return {"label": label, "usual": words[0][0], "but": dict(rarer)}


def judge(
    evidence: Mapping[int, Sequence[Evidence]],
    judgement: Judgement,
    leave: Mapping[str, Collection[int]],
    *,
    actor: Actor,
    batch: UUID,
) -> list[Draft]:
    """Give all pieces on each entity the same verdict or remediation status, but for entities to leave; one draft for
    each entity that changes."""
    drafts = []
    changed: dict[str, list[int]] = defaultdict(list)
    for entity_id, pieces in evidence.items():
        changes = []
        for name, wanted in judgement.wishes().items():
            is_left = entity_id in leave.get(name, ())
            if not is_left and any(getattr(piece, name) != wanted for piece in pieces):
                changes.append(Change(name, as_logged(pieces, name), wanted))
                changed[name] += [piece.pk for piece in pieces]
        if changes:
            drafts.append(draft_of(verbs.EVIDENCE_JUDGED, pieces[0].entity, pieces[0], changes, actor, batch))
    for name, ids in changed.items():
        Evidence.objects.filter(pk__in=ids).update(**{name: judgement.wishes()[name], MANUAL[name]: True})
    return drafts


def give_back(pieces: Sequence[Evidence], name: str, former: Any) -> bool:
    """Let the pieces say what the log says they said before a judgement; whether that changed any."""
    usual, but = (former, {}) if isinstance(former, str) else (former["usual"], former["but"])
    words = {number: word for word, numbers in but.items() for number in numbers}
    wanted: dict[str, list[int]] = defaultdict(list)
    for piece in pieces:
        word = words.get(piece.pk, usual)
        if getattr(piece, name) != word:
            wanted[word].append(piece.pk)
            setattr(piece, name, word)
    for word, ids in wanted.items():
        Evidence.objects.filter(pk__in=ids).update(**{name: word, MANUAL[name]: False})
    return bool(wanted)


def add(
    incident_id: int,
    entity_ids: Collection[int],
    *,
    verdict: Verdict,
    note: str,
    at: datetime,
    actor: Actor,
    batch: UUID,
) -> list[Draft]:
    """Evidence of no alert: what somebody found. It counts as seen when it was added, which is all that is known."""
    rows = [
        Evidence(
            entity_id=entity_id,
            incident_number=incident_id,
            event_time=at,
            verdict=verdict,
            verdict_is_manual=verdict != Verdict.UNKNOWN,
            added_by=actor.label[:200],
            note=note,
        )
        for entity_id in sorted(entity_ids)
    ]
    entities = Entity.objects.in_bulk(list(entity_ids))
    Evidence.objects.bulk_create(rows)
    changes = [Change("verdict", None, str(verdict)), *([Change("note", None, note)] if note else [])]
    return [draft_of(verbs.EVIDENCE_ADDED, entities[row.entity_id], row, changes, actor, batch) for row in rows]


def remove(pieces: Sequence[Evidence], *, actor: Actor, batch: UUID) -> list[Draft]:
    """Take away what was added by hand; what alerts say stays."""
    Evidence.objects.filter(pk__in=[piece.pk for piece in pieces], alert__isnull=True).delete()
    return [
        draft_of(
            verbs.EVIDENCE_REMOVED,
            piece.entity,
            piece,
            [Change(name, getattr(piece, name), None) for name in (*TERMS, "note") if getattr(piece, name)],
            actor,
            batch,
        )
        for piece in pieces
    ]


def move_added(from_incident: int, to_incident: int, ids: Collection[int] | None = None) -> list[int]:
    """What was added by hand to one incident belongs to another from now on; the ids of what moved. Part of a merge,
    and with `ids` of taking one back."""
    rows = Evidence.objects.filter(incident_number=from_incident, alert__isnull=True)
    moved = sorted((rows if ids is None else rows.filter(pk__in=ids)).values_list("pk", flat=True))
    Evidence.objects.filter(pk__in=moved).update(incident_number=to_incident)
    return moved


def draft_of(verb: Any, entity: Entity, piece: Evidence, changes: Sequence[Change], actor: Actor, batch: UUID) -> Draft:
    return Draft(
        verb,
        actor,
        incident_id=piece.incident_number,
        subject=Subject("entity", str(entity.pk), defang(entity.name, entity.kind)[:300]),
        changes=changes,
        batch=batch,
    )
