"""Finding the incident that an address names."""

from __future__ import annotations

from django.http import Http404

from accounts.access import PersonRequest
from common.bodies import LARGEST_ID
from incidents.commands.looking import record_look
from incidents.models import Incident
from incidents.queries.lookup import whole_incidents


def incident_or_404(request: PersonRequest, number: int) -> Incident:
    """The incident with all that its header shows; what the person may not see does not exist."""
    found = incident_or_none(request, number)
    if found is None:
        raise Http404("There is no such incident, or you may not see it.")
    return found


def incident_or_none(request: PersonRequest, number: int) -> Incident | None:
    """The same for a place that goes on without it. A look at a restricted one is recorded."""
    found = whole_incidents(request.user).filter(pk=min(number, LARGEST_ID)).first()
    if found is not None:
        record_look(found, request.user)
    return found
