"""Moving alerts to another incident, or splitting them off; and bringing back what was merged."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from alerts.lookup import visible_alerts
from alerts.models import Alert
from common.errors import Refused
from incidents import commands
from incidents.commands.alerts import MOST_ALERTS
from incidents.commands.moving import Move
from incidents.forms.merging import MoveForm
from incidents.models import Incident
from incidents.queries import merging as queries
from incidents.views.answers import saved_event
from incidents.views.lookup import incident_or_404

NAMED = 100
"""Of the chosen alerts, how many the form names."""


@needs(get=Permission.MERGE_INCIDENTS, post=Permission.MERGE_INCIDENTS)
def move(request: PersonRequest) -> HttpResponse:
    """Where the chosen alerts shall go, and why; posted, they do."""
    alerts = _chosen(request)
    if request.method != "POST":
        return _pane(request, alerts, MoveForm())
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _pane(request, alerts, form, status=422)
    to = queries.to_incident(form.cleaned_data["to"], request.user) if form.cleaned_data["to"] else None
    if form.cleaned_data["to"] and to is None:
        form.add_error("to", f"#{form.cleaned_data['to']} does not exist, or you may not see it; choose another one.")
        return _pane(request, alerts, form, status=422)
    try:
        moved = commands.move_alerts(
            [alert.pk for alert in alerts],
            to,
            actor=request.user.as_actor(),
            comment=form.cleaned_data["comment"],
            principal=request.user,
            batch=(batch := uuid4()),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _pane(request, alerts, form, status=422)
    return _moved(request, moved, batch)


@needs(post=Permission.MERGE_INCIDENTS)
def undo_move(request: PersonRequest, number: int, batch: UUID) -> HttpResponse:
    """Take one's own move of alerts into an incident back."""
    to = incident_or_404(request, number)
    moves = commands.move_back(to, batch, actor=request.user.as_actor(), principal=request.user)
    alerts, places = sum(move.alerts for move in moves), ", ".join(f"#{move.to.pk}" for move in moves)
    text = f"Taken back: {alerts} alert{' is' if alerts == 1 else 's are'} in {places} again"
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:alerts", number=moves[0].to.pk)
    return saved_event(HttpResponse(""), text)


@needs(post=Permission.MERGE_INCIDENTS)
def unmerge(request: PersonRequest, number: int) -> HttpResponse:
    """Bring one incident back that was merged away."""
    source = incident_or_404(request, number)
    target = source.redirected_to
    restored = commands.unmerge(source, actor=request.user.as_actor(), principal=request.user)
    text = f"#{number} is an incident of its own again"
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:overview", number=target.pk if target else number)
    return saved_event(HttpResponse(""), text, more_url=reverse("incidents:overview", args=[restored.pk]))


@needs(post=Permission.MERGE_INCIDENTS)
def unmerge_all(request: PersonRequest, number: int, batch: UUID) -> HttpResponse:
    """Take a whole merge into this incident back."""
    target = incident_or_404(request, number)
    restored = commands.unmerge_all(target, batch, actor=request.user.as_actor(), principal=request.user)
    if not restored:
        raise Refused("There is no such merge into this incident, or it was taken back already.")
    count = len(restored)
    text = f"{count} incident{' is' if count == 1 else 's are'} separate again"
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:overview", number=number)
    return saved_event(HttpResponse(""), text)


def _chosen(request: PersonRequest) -> list[Alert]:
    data = request.POST if request.method == "POST" else request.GET
    words = [word for text in data.getlist("alert") for word in text.split(",") if word]
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    numbers = {int(word) for word in words} if are_numbers else set()
    if not numbers or len(numbers) > MOST_ALERTS:
        raise Http404(f"Choose 1 to {MOST_ALERTS} alerts.")
    alerts = list(visible_alerts(request.user, sorted(numbers)))
    if len(alerts) != len(numbers):
        raise Http404("One of these alerts does not exist, or you may not see it.")
    return alerts


def _pane(request: PersonRequest, alerts: list[Alert], form: MoveForm, *, status: int = 200) -> HttpResponse:
    origins = sorted({alert.incident_id for alert in alerts})
    to = queries.to_incident(form.number(), request.user)
    context: dict[str, Any] = {
        "form": form,
        "alerts": alerts[:NAMED],
        "more": max(len(alerts) - NAMED, 0),
        "count": len(alerts),
        "numbers": ",".join(str(alert.pk) for alert in alerts),
        "origins": origins,
        "emptied": [each for each in _emptied(alerts) if each != (to.pk if to else None)],
        "chosen": [{"value": str(to.pk), "label": f"#{to.pk} {to.name}", "mark": ""}] if to else [],
        "suggest_url": f"{reverse('incidents:suggest_incidents')}?not={origins[0] if len(origins) == 1 else ''}",
        "chose_all": "1" in (request.GET.get("all"), request.POST.get("all")),
        "in_pane": bool(request.htmx),
    }
    template = "incidents/move.html#pane" if request.htmx else "incidents/move.html"
    return render(request, template, context, status=status)


def _emptied(alerts: list[Alert]) -> list[int]:
    """Incidents all of whose alerts are among these."""
    counts: dict[Incident, int] = {}
    for alert in alerts:
        counts[alert.incident] = counts.get(alert.incident, 0) + 1
    return sorted(incident.pk for incident, count in counts.items() if incident.alerts_total == count)


def _moved(request: PersonRequest, moved: Move, batch: UUID) -> HttpResponse:
    """After it: the pages beside show themselves anew, and a notice leads to where the alerts are now."""
    if moved.alerts:
        text = f"{moved.alerts} alert{'' if moved.alerts == 1 else 's'} moved to #{moved.to.pk}"
    else:
        text = f"They are in #{moved.to.pk} already"
    if moved.emptied:
        text += f"; {', '.join(f'#{number}' for number in moved.emptied)} has no alerts left"
    url = reverse("incidents:alerts", args=[moved.to.pk])
    if not request.htmx:
        messages.success(request, text)
        return redirect(url)
    undo_url = reverse("alert_acts:undo_move", args=[moved.to.pk, batch]) if moved.alerts else ""
    return saved_event(HttpResponse(""), text, close_pane=True, more_url=url, undo_url=undo_url, unselect=True)
