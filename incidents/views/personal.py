"""What a person does for themselves with incidents: putting one off, following it, hearing the bell, having seen it."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from common.marks import day_and_time
from incidents import commands
from incidents.commands import looking
from incidents.forms.manage import SnoozeForm
from incidents.models import Incident
from incidents.queries import notices as queries
from incidents.views.answers import touched
from incidents.views.lookup import incident_or_404

IN_PANEL = 12
"""Groups under the bell; the page has them all."""
MOST_SEEN = 500
"""Incidents that can be marked as seen at once: what a page shows."""


@needs(post=Permission.EDIT_INCIDENTS)
def snooze(request: PersonRequest, number: int) -> HttpResponse:
    """Put the incident off: until a usual time or one of the person's own, in their zone."""
    incident = incident_or_404(request, number)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        return _refused(request, incident, _problem(form))
    try:
        snoozed = commands.snooze(incident, form.until_when(timezone.localtime()), actor=request.user.as_actor())
    except Refused as refused:
        return _refused(request, incident, refused.problem)
    until = day_and_time(snoozed.snoozed_until) if snoozed.snoozed_until else ""
    text = f"#{number} sleeps until {until}, or a new alert"
    return _answered(request, number, text, undo_url=reverse("incidents:wake", args=[number]))


@needs(post=Permission.EDIT_INCIDENTS)
def wake(request: PersonRequest, number: int) -> HttpResponse:
    """Take the incident up again before its time."""
    commands.wake(incident_or_404(request, number), actor=request.user.as_actor())
    return _answered(request, number, f"#{number} is awake")


@needs(post=Permission.SEE_INCIDENTS)
def follow(request: PersonRequest, number: int) -> HttpResponse:
    """Be told of what others do to the incident."""
    commands.follow(incident_or_404(request, number), actor=request.user.as_actor())
    return _answered(request, number, f"You follow #{number}", list_changes=False)


@needs(post=Permission.SEE_INCIDENTS)
def unfollow(request: PersonRequest, number: int) -> HttpResponse:
    """Be told no more."""
    commands.unfollow(incident_or_404(request, number), actor=request.user.as_actor())
    return _answered(request, number, f"You no longer follow #{number}", list_changes=False)


@needs(post=Permission.SEE_INCIDENTS)
def seen(request: PersonRequest) -> HttpResponse:
    """Mark the incidents of a page as seen, without opening each."""
    words = request.POST.get("numbers", "").split(",")
    if len(words) > MOST_SEEN or not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        return HttpResponseBadRequest(f"numbers names 1 to {MOST_SEEN} incidents, with commas between.")
    looking.look_at_all(request.user, [int(word) for word in words])
    if not request.htmx:
        return redirect(_back(request, reverse("incidents:queue")))
    return _with_events(HttpResponse(status=204), {"watchfloor:saved": {}})


@needs(get=Permission.SEE_INCIDENTS)
def notices(request: PersonRequest) -> HttpResponse:
    """What the bell tells: a page, or to HTMX the panel under the bell."""
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    if request.htmx:
        return _panel(request)
    page = queries.notices_page(request.user, before=int(before) if before else None)
    older_url = f"{request.path}?before={page.older}" if page.older else ""
    context = _groups(page, len(page.groups)) | {"older_url": older_url, "is_first_page": not before}
    response = render(request, "incidents/notices.html", context)
    response["Vary"] = "HX-Request, Cookie"
    return response


@needs(post=Permission.SEE_INCIDENTS)
def read(request: PersonRequest) -> HttpResponse:
    """Mark the notices of one incident as read, or all."""
    word = request.POST.get("incident", "")
    if word and not (word.isascii() and word.isdigit() and len(word) < 19):
        raise Http404
    looking.read_notices(request.user, [int(word)] if word else None)
    return _panel(request) if request.htmx else redirect("notices")


def _panel(request: PersonRequest) -> HttpResponse:
    """The newest under the bell, and how many are unread for the bell itself."""
    context = _groups(queries.notices_page(request.user), IN_PANEL)
    response = render(request, "incidents/notices.html#panel", context)
    response["Vary"] = "HX-Request, Cookie"
    return _with_events(response, {"watchfloor:bell": {"unread": queries.unread_count(request.user)}})


def _groups(page: queries.Notices, most: int) -> dict[str, Any]:
    return {"groups": page.groups[:most], "has_unread": any(group.unread for group in page.groups)}


def _answered(
    request: PersonRequest, number: int, text: str, *, undo_url: str = "", list_changes: bool = True
) -> HttpResponse:
    """To HTMX, word to whatever shows the incident; else the page that the form stood on."""
    if not request.htmx:
        messages.success(request, text)
        return redirect(_back(request, reverse("incidents:overview", args=[number])))
    return touched(number, text, undo_url=undo_url, list_changes=list_changes)


def _refused(request: PersonRequest, incident: Incident, problem: str) -> HttpResponse:
    if not request.htmx:
        messages.error(request, problem)
        return redirect(_back(request, reverse("incidents:overview", args=[incident.pk])))
    response = HttpResponse(format_html("<p>{}</p>", problem), status=422)
    return _with_events(response, {"watchfloor:toast": {"text": problem, "kind": "error"}})


def _problem(form: SnoozeForm) -> str:
    return " ".join(str(message) for messages_ in form.errors.values() for message in messages_)


def _with_events(response: HttpResponse, events: dict[str, Any]) -> HttpResponse:
    response["HX-Trigger"] = json.dumps(events)
    return response


def _back(request: PersonRequest, otherwise: str) -> str:
    """Where the form stood, when it is a page of ours."""
    came_from = request.META.get("HTTP_REFERER", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, request.is_secure())
    return came_from if ours else otherwise
