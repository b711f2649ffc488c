"""Who sees an incident: restricting it, naming its members, lifting the restriction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from incidents.commands import lift_restriction, restrict, set_incident_members
from incidents.commands.sight import holders_of, kept_out
from incidents.forms.access import LiftForm, MembersForm, RestrictForm, members_named
from incidents.forms.manage import word_of
from incidents.models import Incident
from incidents.models.access import Member, members_of
from incidents.queries import detail
from incidents.queries.access import mark_of
from incidents.views.answers import saved_event
from incidents.views.lookup import incident_or_404
from incidents.views.page import pane_context


@needs(get=Permission.RESTRICT_INCIDENTS, post=Permission.RESTRICT_INCIDENTS)
def restriction(request: PersonRequest, number: int) -> HttpResponse:
    """The pane that says who may see the incident, and the saving of it."""
    incident = incident_or_404(request, number)
    form_class = MembersForm if incident.restricted else RestrictForm
    if request.method != "POST":
        return _pane(request, incident, form_class(), members=_named_at_first(request, incident))
    form = form_class(request.POST)
    if form.is_valid():
        change = set_incident_members if incident.restricted else restrict
        chosen, reason, holders = form.cleaned_data["members"], form.cleaned_data["reason"], holders_of(incident)
        try:
            saved = change(incident, chosen, actor=request.user.as_actor(), reason=reason)
        except Refused as refused:
            _add_error(form, refused)
        else:
            out = kept_out((holder.member for holder in holders), saved)
            lost = ", ".join(str(holder) for holder in holders if holder.member in out)
            text = f"#{number} is restricted{f'; nobody has now what was with {lost}' if lost else ''}"
            return _answered(request, number, text if saved.version != incident.version else "Nothing was changed")
    return _pane(request, incident, form, members=_sent(request), status=422)


@needs(post=Permission.RESTRICT_INCIDENTS)
def lift(request: PersonRequest, number: int) -> HttpResponse:
    """Show the incident to everyone whose role sees incidents."""
    incident = incident_or_404(request, number)
    form = LiftForm(request.POST)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            lift_restriction(incident, actor=request.user.as_actor(), reason=reason)
        except Refused as refused:
            _add_error(form, refused)
        else:
            return _answered(request, number, f"Everyone who sees incidents sees #{number}")
    return _pane(request, incident, MembersForm(), members=members_of(incident), lift_form=form, status=422)


def _named_at_first(request: PersonRequest, incident: Incident) -> list[Member]:
    """Those who are named; where nobody is yet, who has it and who is asking."""
    if incident.restricted:
        return members_of(incident)
    first: list[Member] = [request.user]
    if incident.assignee is not None and incident.assignee not in first:
        first.append(incident.assignee)
    return first


def _sent(request: PersonRequest) -> list[Member]:
    """Whom the form names, as far as they are known."""
    return list(members_named(request.POST.getlist("members")).values())


def _pane(
    request: PersonRequest,
    incident: Incident,
    form: forms.Form,
    *,
    members: Iterable[Member],
    lift_form: LiftForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "incident": detail.header(incident),
        "form": form,
        "lift_form": lift_form or (LiftForm(auto_id="lift-%s") if incident.restricted else None),
        "chosen": [{"value": word_of(each), "label": str(each), "mark": mark_of(each)} for each in members],
        "holders": [str(holder) for holder in holders_of(incident)],
        "in_pane": bool(request.htmx),
    }
    template = "incidents/restriction.html#pane" if request.htmx else "incidents/restriction.html"
    return render(request, template, context, status=status)


def _add_error(form: forms.Form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, refused.problem)


def _answered(request: PersonRequest, number: int, text: str) -> HttpResponse:
    """The incident as it is now; who has just closed it to themselves goes back to the queue."""
    still_seen = Incident.objects.visible_to(request.user).filter(pk=number).exists()
    if not still_seen:
        messages.success(request, f"{text}, and you do not see it any more")
        if request.htmx:
            return HttpResponse("", headers={"HX-Redirect": reverse("incidents:queue")})
        return redirect("incidents:queue")
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:overview", number=number)
    context = pane_context(request, incident_or_404(request, number))
    return saved_event(render(request, "incidents/pane.html", context), text)
