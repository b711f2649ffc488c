"""Which changes of status are allowed."""

from __future__ import annotations

from common.errors import Refused
from incidents.choices import OPEN_STATUSES, IncidentStatus

TRANSITIONS: dict[IncidentStatus, tuple[IncidentStatus, ...]] = {
    IncidentStatus.ACTIVE: (IncidentStatus.IN_PROGRESS, IncidentStatus.RESOLVED),
    IncidentStatus.IN_PROGRESS: (IncidentStatus.ACTIVE, IncidentStatus.RESOLVED),
    IncidentStatus.RESOLVED: OPEN_STATUSES,
    IncidentStatus.REDIRECTED: (),
}


def check_transition(old: IncidentStatus, new: IncidentStatus) -> None:
    """Raises Refused unless an incident may go from `old` to `new` by a person's or rule's act."""
    if new not in TRANSITIONS[old]:
        problem = f"An incident that is {old.label.lower()} cannot become {new.label.lower()}."
        if old == IncidentStatus.REDIRECTED:
            problem = "This incident was merged into another one; work on that one."
        raise Refused(problem, field="status")
