"""Taking back what an act said of an incident's evidence; what others have judged since stays as they found it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from activity.record import Change, Draft
from alerts.commands import evidence as pieces
from alerts.models import Evidence
from alerts.verbs import EVIDENCE_UNDONE
from incidents.commands.undo_tasks import Undoing
from incidents.models import Incident

if TYPE_CHECKING:
    from incidents.commands.undo import Past

START = "entity "
"""How the subjects of entities begin in a past (incidents/commands/undo.py)."""


def restore_evidence(incident: Incident, past: Past, left: list[str], undoing: Undoing) -> list[Draft]:
    """Let each piece on the entities that the act judged say what it said before. What is to be recorded; what is left
    as it is is added to `left`. What the act added has a way out of its own: `remove_evidence`."""
    numbers = {int(subject.removeprefix(START)) for subject, _ in past.done if subject.startswith(START)}
    if not numbers:
        return []
    drafts = []
    for number, rows in pieces.locked(incident.pk, numbers).items():
        if changes := _given_back(f"{START}{number}", rows, past, left):
            drafts.append(
                pieces.draft_of(EVIDENCE_UNDONE, rows[0].entity, rows[0], changes, undoing.actor, undoing.batch)
            )
    return drafts


def _given_back(subject: str, rows: Sequence[Evidence], past: Past, left: list[str]) -> list[Change]:
    changes = []
    for name in pieces.TERMS:
        former, _ = past.done.get((subject, name), (None, None))
        if former is None:
            continue
        if by := past.by(name, subject=subject):
            left.append(f"{name.replace('_', ' ')} of “{rows[0].entity.name[:60]}”, which {by} has changed since")
            continue
        present = pieces.as_logged(rows, name)
        if pieces.give_back(rows, name, former):
            changes.append(Change(name, present, pieces.as_logged(rows, name)))
    return changes
