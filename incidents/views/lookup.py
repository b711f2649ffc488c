"""Finding the incident that an address names."""

from __future__ import annotations

from django.http import Http404

from accounts.access import PersonRequest
from accounts.models import User
from incidents.commands import look_through_glass
from incidents.models import Incident
from incidents.queries.access import is_first_look
from incidents.queries.merging import numbers_merged_into


def incident_or_404(request: PersonRequest, number: int) -> Incident:
    """The incident with all that its header shows; what the person may not see does not exist."""
    found = incident_or_none(request, number)
    if found is None:
        raise Http404("There is no such incident, or you may not see it.")
    return found


def incident_or_none(request: PersonRequest, number: int) -> Incident | None:
    """The same for a place that goes on without it. Who sees it by break-glass alone, is recorded to have looked at
    it."""
    found = (
        Incident.objects.visible_to(request.user)
        .select_related("assignee_user", "assignee_team", "redirected_to")
        .prefetch_related("tags")
        .annotate(merged_numbers=numbers_merged_into(request.user))
        .filter(pk=min(number, 2**62))
        .first()
    )
    if found is not None:
        record_look(found, request.user)
    return found


def record_look(incident: Incident, user: User) -> None:
    """Record, the first time, that the person looks at what they see by break-glass."""
    if is_first_look(incident, user):
        look_through_glass(incident, actor=user.as_actor())
