"""The Attack story tab of the incident page."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.terms import UnknownTerm
from entities.choices import EntityKind
from incidents.queries.story_page import VIEWS, Asked, story_page
from incidents.views.frame import page_context
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_INCIDENTS)
def story(request: PersonRequest, number: int) -> HttpResponse:
    """Which things the alerts tie together, in which order; up to one alert with `until`, without kinds by `hide`."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:story", number=incident.redirected_to_id)
    context = page_context(request, incident, "story") | {"story": story_page(incident, _asked(request))}
    return render(request, "incidents/story.html", context)


def _asked(request: PersonRequest) -> Asked:
    until, view = request.GET.get("until", ""), request.GET.get("view", "graph")
    if until and not (until.isascii() and until.isdigit() and 0 < len(until) < 10 and int(until)):
        raise Http404
    if view not in VIEWS:
        raise Http404
    try:
        hidden = frozenset(EntityKind.from_slug(word) for word in request.GET.getlist("hide"))
    except UnknownTerm as unknown:
        raise Http404 from unknown
    return Asked(int(until) if until else None, hidden, view)
