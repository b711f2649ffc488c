"""Incidents that are like one, and classifying it as they were."""

from __future__ import annotations

from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Conflict, Refused
from incidents.commands import apply_changes
from incidents.forms.similar import ClassifyForm
from incidents.queries import detail
from incidents.queries.similar_shown import SHOWN_AT_OVERVIEW, similar_shown
from incidents.views.answers import saved_event
from incidents.views.frame import page_context
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_INCIDENTS)
def similar(request: PersonRequest, number: int) -> HttpResponse:
    """The incidents that are most like this one, why, and how they were closed; to HTMX, the few for the overview."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:similar", number=incident.redirected_to_id)
    may_edit = request.user.may(Permission.EDIT_INCIDENTS)
    if request.htmx and request.GET.get("part") == "few":
        shown = similar_shown(incident, request.user, most=SHOWN_AT_OVERVIEW)
        context = {"incident": detail.header(incident), "similar": shown, "may_edit": may_edit}
        return render(request, "incidents/similar.html#few", context)
    context = page_context(request, incident, "similar") | {"similar": similar_shown(incident, request.user)}
    return render(request, "incidents/similar.html", context)


@needs(post=Permission.EDIT_INCIDENTS)
def classify_like_these(request: PersonRequest, number: int) -> HttpResponse:
    """Give the incident the classification that the button named."""
    incident = incident_or_404(request, number)
    form = ClassifyForm(request.POST)
    if not form.is_valid():
        return _refused(request, number, str(next(iter(form.errors.values()))[0]), status=422)
    changes = form.changes()
    try:
        saved = apply_changes(
            incident,
            changes,
            actor=request.user.as_actor(),
            based_on=form.cleaned_data["version"],
            batch=(batch := uuid4()),
        )
    except Refused as refused:
        return _refused(request, number, refused.problem, status=409)
    except Conflict as conflict:
        who = conflict.conflicts[0].changed_by
        return _refused(request, number, f"{who} has classified it meanwhile; look at it before you do.", status=409)
    is_changed = saved.version != incident.version
    text = f"#{number} classified: {detail.finding(saved)}" if is_changed else f"#{number} was classified so already"
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:similar", number=number)
    undo_url = reverse("incidents:undo_save", args=[number, batch]) if is_changed else ""
    return saved_event(HttpResponse(""), text, undo_url=undo_url)


def _refused(request: PersonRequest, number: int, problem: str, *, status: int) -> HttpResponse:
    if request.htmx:
        return HttpResponse(problem, status=status, content_type="text/plain; charset=utf-8")
    messages.error(request, problem)
    return redirect("incidents:similar", number=number)
