"""Priorities grow while incidents wait for somebody.

A figure worked out from rows: nobody changed anything, so nothing is recorded and no version grows.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from incidents import weighing
from incidents.models import Incident
from incidents.rules import WAITING_POINTS

AT_A_TIME = 500


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
            changed = [incident for incident in batch if weighing.weigh(incident, now=now)]
            Incident.objects.bulk_update(changed, weighing.FIELDS)
        grown += len(changed)
        if len(batch) < AT_A_TIME:
            return grown
        last = batch[-1].pk
