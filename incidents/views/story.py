"""The Attack story tab of the incident page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.query_strings import UnknownKeys
from incidents.queries.story_asked import Asked, BadMoment
from incidents.queries.story_page import story_page, story_picture
from incidents.views.frame import page_context, tab_refused
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_INCIDENTS)
def story(request: PersonRequest, number: int) -> HttpResponse:
    """Which things the alerts tie together, in which order; up to one alert with `until`, without kinds by `hide`."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:story", number=incident.redirected_to_id)
    try:
        asked = Asked.of(request.GET)
    except (UnknownKeys, BadMoment) as error:
        return tab_refused(request, incident, "story", error)
    context = page_context(request, incident, "story") | {"story": story_page(incident, asked)}
    return render(request, "incidents/story.html", context)


@needs(get=Permission.SEE_INCIDENTS)
def picture(request: PersonRequest, number: int) -> HttpResponse:
    """The picture or the table alone, for the card of the overview; opened by itself, the tab."""
    incident = incident_or_404(request, number)
    if not request.htmx or incident.redirected_to_id:
        return redirect("incidents:story", number=number)
    asked = Asked(view="table" if request.GET.get("view") == "table" else "graph")
    return render(request, "incidents/story_picture.html", {"story": story_picture(incident, asked)})
