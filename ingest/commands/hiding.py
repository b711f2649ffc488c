"""Where alerts go that a tuning rule hides: into resolved incidents that the rule keeps for them, beside all work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import count

from django.utils import timezone

from alerts.models import Alert
from incidents.choices import IncidentStatus
from ingest.actors import TUNING
from ingest.correlation import HIDDEN, Home, Placement
from ingest.correlation.placing import MOST_ALERTS_PER_INCIDENT
from ingest.tuning import Tuning

KEPT_OPEN_FOR = timedelta(days=1)
"""So long one incident takes a rule's hidden alerts; then the next one does, so that none grows without end."""
REASON = "It is kept apart with what this rule hides."


def hide(rules: Sequence[Tuning], openings: int) -> list[Placement]:
    """A home for each alert that these rules hide; `openings` is how many incidents the batch opens already."""
    homes: dict[int | None, Home] = {}
    sizes: dict[Home, int] = {}
    numbers = count(openings)
    placements = []
    for rule in rules:
        home = homes.get(rule.number)
        if home is None:
            home, size = _present_home(rule) or (Home(True, next(numbers)), 0)
            homes[rule.number], sizes[home] = home, size
        elif sizes[home] >= MOST_ALERTS_PER_INCIDENT:
            home = homes[rule.number] = Home(True, next(numbers))
            sizes[home] = 0
        sizes[home] += 1
        placements.append(Placement(home, HIDDEN, REASON))
    return placements


def _present_home(rule: Tuning) -> tuple[Home, int] | None:
    """The incident that the rule's hidden alerts went to last, as long as it is nobody's work and has room."""
    last = (
        Alert.objects.filter(tuned_by=rule.number, link_rule=HIDDEN)
        .select_related("incident")
        .only(
            "incident__status",
            "incident__restricted",
            "incident__resolved_by",
            "incident__created_at",
            "incident__alerts_total",
        )
        .order_by("-pk")
        .first()
    )
    if last is None:
        return None
    incident = last.incident
    is_kept = (
        incident.status == IncidentStatus.RESOLVED
        and not incident.restricted
        and incident.resolved_by == TUNING.label
        and incident.created_at > timezone.now() - KEPT_OPEN_FOR
        and incident.alerts_total < MOST_ALERTS_PER_INCIDENT
    )
    return (Home(False, incident.pk), incident.alerts_total) if is_kept else None
