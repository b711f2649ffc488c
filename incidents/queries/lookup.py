"""Incidents with all that their headers show."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Principal
from incidents.models import Incident
from incidents.queries.merging import numbers_merged_into


def whole_incidents(principal: Principal) -> QuerySet[Incident]:
    """Those that the person or token may see, read with people, tags and what was merged into each."""
    rows = Incident.objects.visible_to(principal)
    return (
        rows.select_related("assignee_user", "assignee_team", "redirected_to")
        .prefetch_related("tags")
        .annotate(merged_numbers=numbers_merged_into(principal))
    )
