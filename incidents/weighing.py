"""An incident's priority on its row: worked out from facts by incidents/rules.py, never set by anybody.

It is a figure, not a change of state, so the log says nothing of it; its factors say all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from alerts.choices import Severity
from incidents.models import Incident
from incidents.rules import WAITING_POINTS, Factor, priority_of, with_present

FIELDS = ("priority", "priority_factors")
AT_A_TIME = 500


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


def weigh_waiting(now: datetime | None = None) -> int:
    """Let the priority of open incidents without an owner grow with the time they wait; how many grew.

    Looks at those alone whose stored share is less than the hour gives, a batch at a time; a row that somebody works
    on is left for the next time.
    """
    now = now or timezone.now()
    waiting = Incident.objects.open().filter(assignee_user__isnull=True, assignee_team__isnull=True)
    grown = 0
    heavy_enough = Q()
    for span, points in WAITING_POINTS:
        heavy_enough |= Q(priority_factors__contains=[["waiting", points]])
        grown += _weigh_all(waiting.filter(created_at__lte=now - span).exclude(heavy_enough), now)
    return grown


def _weigh_all(rows: QuerySet[Incident], now: datetime) -> int:
    grown, last = 0, 0
    while True:
        with transaction.atomic():
            batch = list(rows.filter(pk__gt=last).order_by("pk").select_for_update(skip_locked=True)[:AT_A_TIME])
            changed = [incident for incident in batch if weigh(incident, now=now)]
            Incident.objects.bulk_update(changed, FIELDS)
        grown += len(changed)
        if len(batch) < AT_A_TIME:
            return grown
        last = batch[-1].pk
