"""Alerts: their list, and one by itself."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from alerts.lookup import visible_alerts
from alerts.models import Alert
from alerts.queries import detail


@needs(get=Permission.SEE_INCIDENTS)
def alert(request: PersonRequest, alert_id: int) -> HttpResponse:
    """One alert by itself."""
    found = _alert_or_404(request, alert_id)
    crumbs = [{"label": "Alerts", "url": reverse("alerts:queue")}, {"label": found.title}]
    return render(request, "alerts/alert.html", pane_context(request, found) | {"crumbs": crumbs})


@needs(get=Permission.SEE_INCIDENTS)
def details(request: PersonRequest, alert_id: int) -> HttpResponse:
    """The details pane beside the list; opened by itself, the alert's page."""
    if not request.htmx:
        return redirect("alerts:alert", alert_id)
    return render(request, "alerts/pane.html", pane_context(request, _alert_or_404(request, alert_id)))


def pane_context(request: PersonRequest, found: Alert) -> dict[str, Any]:
    """What the pane shows of an alert, and what the person may do there."""
    return {
        "alert": detail.pane(found),
        "may_edit": request.user.may(Permission.EDIT_INCIDENTS),
        "is_mine": found.assignee_user_id == request.user.pk,
        "list_url": reverse("alerts:queue"),
    }


def _alert_or_404(request: PersonRequest, alert_id: int) -> Alert:
    found = visible_alerts(request.user, [alert_id]).first()
    if found is None:
        raise Http404("There is no such alert, or you may not see it.")
    return found
