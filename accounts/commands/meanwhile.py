"""Two administrators at the same form: what one changes, the other does not undo unseen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activity.models import Entry
from activity.record import Subject
from common.errors import Conflict, FieldConflict

MOST_LOOKED_THROUGH = 100


def check_meanwhile(
    subject: Subject, wanted: Mapping[str, Any], present: Mapping[str, Any], was: Mapping[str, Any]
) -> None:
    """Raises Conflict with both values for fields that are to be changed and are no longer what `was` says they were
    when the person saw them. A field that `was` leaves out is changed whatever it is now."""
    conflicts = [
        FieldConflict(name, present[name], value, _who_changed(subject, name))
        for name, value in wanted.items()
        if name in was and was[name] != present[name] and value != present[name]
    ]
    if conflicts:
        raise Conflict(0, conflicts)


def _who_changed(subject: Subject, field: str) -> str:
    log = Entry.objects.of_system().filter(subject_kind=subject.kind, subject_id=subject.id).order_by("-sequence")
    for entry in log[:MOST_LOOKED_THROUGH]:
        if any(change["field"] == field for change in entry.changes):
            return str(entry.actor_label)
    return "somebody"
