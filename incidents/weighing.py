"""An incident's priority on its row: worked out from facts by incidents/rules/priority.py, never set by anybody.

It is a figure, not a change of state, so the log says nothing of it; its factors say all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from alerts.choices import Severity
from incidents.models import Incident
from incidents.rules import Factor, priority_of, with_present

FIELDS = ("priority", "priority_factors")


def weigh(incident: Incident, lasting: Sequence[Factor] | None = None, now: datetime | None = None) -> bool:
    """Bring the priority of the row in memory up to date; whether that changed anything.

    `lasting`: what its alerts, assets and tags add, where they may have changed; otherwise as it was.
    """
    is_waiting = incident.is_open and incident.assignee_user_id is None and incident.assignee_team_id is None
    factors = with_present(
        incident.priority_factors if lasting is None else lasting,
        severity=Severity(incident.severity),
        waiting_since=incident.created_at if is_waiting else None,
        now=now or timezone.now(),
    )
    plain = [list(factor) for factor in factors]
    changed = plain != incident.priority_factors
    incident.priority_factors, incident.priority = plain, priority_of(factors)
    return changed
