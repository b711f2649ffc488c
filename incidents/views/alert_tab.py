"""The Alerts tab of the incident page, and what unfolds beneath one of its alerts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.bodies import LARGEST_ID
from common.pagination import BadCursor
from common.query_strings import UnknownKeys
from incidents.queries.alert_list import alert_list, opened_alert
from incidents.views.frame import page_context, tab_refused
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_INCIDENTS)
def alerts(request: PersonRequest, number: int) -> HttpResponse:
    """The incident's alerts: what each is, when, why it is here; more of each once it is opened."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:alerts", number=incident.redirected_to_id)
    try:
        found = alert_list(incident, request.GET, request.user)
    except (UnknownKeys, ValidationError, BadCursor) as error:
        return tab_refused(request, incident, "alerts", error)
    context = page_context(request, incident, "alerts") | {
        "list": found,
        "alert": found.opened,
        "may_bulk": request.user.may(Permission.BULK_EDIT),
    }
    return render(request, "incidents/alerts.html", context)


@needs(get=Permission.SEE_INCIDENTS)
def alert(request: PersonRequest, number: int, alert_id: int) -> HttpResponse:
    """What is known of one alert, to unfold beneath it; opened by itself, the tab with that alert open."""
    incident = incident_or_404(request, number)
    found = opened_alert(incident, min(alert_id, LARGEST_ID), request.user)
    if found is None:
        raise Http404("The incident has no such alert.")
    if not request.htmx:
        return redirect(f"{reverse('incidents:alerts', args=[number])}?open={alert_id}#alert-{alert_id}")
    context = {"alert": found, "number": number, "may_edit": request.user.may(Permission.EDIT_INCIDENTS)}
    return render(request, "incidents/alerts.html#opened", context)
