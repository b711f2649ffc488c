"""Managing many incidents, or all alerts that match: what is asked here, many.py does for both."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from alerts.models import Alert
from alerts.queries import queue as alert_queue
from incidents.changes import AlertChanges, Changes
from incidents.choices import BulkSubject
from incidents.commands.manage import check_for_any
from incidents.commands.many_alerts import check_for_any_alert
from incidents.forms.alerts import ManageMatchingAlertsForm
from incidents.forms.manage import ManageManyForm
from incidents.models import Incident
from incidents.queries import bulk as queries
from incidents.queries import bulk_alerts
from incidents.queries.queue import asked
from incidents.views.alerts import form_of_chosen
from incidents.views.answers import chosen_assignee
from incidents.views.manage import chosen_tags
from incidents.views.many import Many, Selection, all_that_match, drafted, matching, pane, preview_context, save

MOST_CHOSEN = 1_500
"""Incidents chosen one by one; more are chosen as all that match."""


def _form(data: QueryDict | None = None) -> ManageManyForm:
    return ManageManyForm(data, initial={"severity": "keep", "status": "keep", "classification": "keep"})


def _filled(form: Any) -> dict[str, Any]:
    return {
        "assignee": chosen_assignee(form["assignee"].value()),
        "add_tags": chosen_tags(form["add_tags"].value()),
        "remove_tags": chosen_tags(form["remove_tags"].value()),
    }


INCIDENTS = Many(
    subject=BulkSubject.INCIDENT,
    template="incidents/manage_many.html",
    form=_form,
    asked=asked,
    visible=Incident.objects.visible_to,
    of_act=queries.incidents_of,
    name="name",
    preview=queries.preview,
    check=check_for_any,
    nothing=Changes(),
    filled=_filled,
)
ALERTS = Many(
    subject=BulkSubject.ALERT,
    template="alerts/manage_matching.html",
    form=ManageMatchingAlertsForm,
    asked=alert_queue.asked,
    visible=Alert.objects.visible_to,
    of_act=queries.alerts_of,
    name="title",
    preview=bulk_alerts.preview,
    check=check_for_any_alert,
    nothing=AlertChanges(),
    filled=lambda form: {"assignee": chosen_assignee(form["assignee"].value())},
)


@needs(get=Permission.BULK_EDIT, post=Permission.BULK_EDIT)
def manage_many(request: PersonRequest) -> HttpResponse:
    """The same changes on several incidents: the form, and doing it."""
    if request.method != "POST":
        return pane(request, INCIDENTS, selected(request, request.GET), _form())
    return save(request, INCIDENTS, selected(request, request.POST))


@needs(post=Permission.BULK_EDIT)
def choose(request: PersonRequest) -> HttpResponse:
    """The form over what was chosen in the queue: rows one by one, or all that match, which are fixed from here on."""
    if request.POST.get("all") == "1":
        return all_that_match(request, INCIDENTS)
    return pane(request, INCIDENTS, selected(request, request.POST), _form())


@needs(post=Permission.BULK_EDIT)
def preview(request: PersonRequest) -> HttpResponse:
    """What the form, as it is filled in now, would change."""
    context = preview_context(INCIDENTS, selected(request, request.POST), _form(request.POST))
    return render(request, "incidents/manage_many.html#preview", context)


@needs(get=Permission.BULK_EDIT)
def count(request: PersonRequest) -> HttpResponse:
    """How many match the list that an address describes, exactly."""
    return JsonResponse({"total": matching(request, INCIDENTS, request.GET.urlencode())[1].count()})


@needs(get=Permission.BULK_EDIT, post=Permission.BULK_EDIT)
def manage_matching_alerts(request: PersonRequest) -> HttpResponse:
    """The same changes on all alerts of a draft: the form, and doing it."""
    if request.method != "POST":
        return pane(request, ALERTS, drafted(request, ALERTS, request.GET), ManageMatchingAlertsForm())
    return save(request, ALERTS, drafted(request, ALERTS, request.POST))


@needs(post=Permission.BULK_EDIT)
def choose_alerts(request: PersonRequest) -> HttpResponse:
    """The form over what was chosen in the list of alerts: rows one by one, or all that match, fixed from here on."""
    return all_that_match(request, ALERTS) if request.POST.get("all") == "1" else form_of_chosen(request)


@needs(post=Permission.BULK_EDIT)
def preview_alerts(request: PersonRequest) -> HttpResponse:
    """What the form over all matching alerts, as it is filled in now, would change."""
    context = preview_context(ALERTS, drafted(request, ALERTS, request.POST), ManageMatchingAlertsForm(request.POST))
    return render(request, "incidents/manage_many.html#preview", context)


@needs(get=Permission.BULK_EDIT)
def count_alerts(request: PersonRequest) -> HttpResponse:
    """How many alerts match the list that an address describes, exactly."""
    return JsonResponse({"total": matching(request, ALERTS, request.GET.urlencode())[1].count()})


def selected(request: PersonRequest, data: QueryDict) -> Selection:
    """The incidents that a form names. Raises Http404 for none, too many, or another person's draft."""
    if "act" in data:
        return drafted(request, INCIDENTS, data)
    words = data.getlist("incident")
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not words or len(words) > MOST_CHOSEN or not are_numbers:
        raise Http404(f"Choose 1 to {MOST_CHOSEN:,} incidents, or all that match.")
    numbers = sorted({int(word) for word in words})
    return Selection(queries.chosen_ones(request.user, numbers), len(numbers), numbers)
