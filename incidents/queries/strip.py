"""The last 24 hours at a glance: alerts received and incidents opened, hour by hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour
from django.utils import timezone

from accounts.models import AccessToken, Principal
from alerts.models import Alert
from incidents.models import Incident

HOURS = 24
REMEMBERED = 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Counts of each hour, the oldest first; the last is the hour that runs."""

    hours: list[datetime]
    alerts: list[int]
    incidents: list[int]

    @property
    def rows(self) -> list[tuple[datetime, int, int]]:
        return list(zip(self.hours, self.alerts, self.incidents, strict=True))


def last_day(principal: Principal, now: datetime | None = None) -> Strip:
    """What this person or token may see of the last day; kept for a minute, by who asks.

    Whole hours of UTC: they are hours in nearly every zone, and everybody's strip is cut alike.
    """
    now = now or timezone.now()
    last = now.replace(minute=0, second=0, microsecond=0)
    kind = "token" if isinstance(principal, AccessToken) else "person"
    key = f"strip:{kind}:{principal.pk}:{last:%Y%m%d%H}"
    counts: tuple[list[int], list[int]] | None = cache.get(key)
    hours = [last - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    if counts is None:
        counts = (
            _by_hour(Alert.objects.visible_to(principal), "received_at", hours),
            _by_hour(Incident.objects.visible_to(principal), "created_at", hours),
        )
        cache.set(key, counts, REMEMBERED)
    return Strip(hours, *counts)


def _by_hour(rows: QuerySet[Any], field: str, hours: list[datetime]) -> list[int]:
    recent = rows.filter(**{f"{field}__gte": hours[0]}).order_by()
    cut = recent.annotate(hour=TruncHour(field, tzinfo=hours[0].tzinfo)).values("hour").annotate(number=Count("pk"))
    found = dict(cut.values_list("hour", "number"))
    return [found.get(hour, 0) for hour in hours]
