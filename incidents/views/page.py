"""The overview of the incident page, and the details pane beside the queue."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.queries import stream
from alerts.models import AlertPayload
from common.bodies import LARGEST_ID
from incidents.forms.comments import CommentForm
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.merging import merged_into
from incidents.queries.next_steps import next_steps
from incidents.queries.overview import overview as overview_of
from incidents.queries.overview import related
from incidents.queries.texts import renderer
from incidents.queries.unread import seen_from
from incidents.queries.what_happened import facts_of
from incidents.rules import SNOOZES
from incidents.views.frame import head, looked_at, page_context
from incidents.views.lookup import incident_or_404

STEPS_IN_PANE = 5


@needs(get=Permission.SEE_INCIDENTS)
def overview(request: PersonRequest, number: int) -> HttpResponse:
    """What happened and where the work stands; of an incident merged away, the page of the one it went into."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:overview", number=incident.redirected_to_id)
    facts = facts_of(incident)
    evidence = detail.evidence_total(incident, sum(alike.count for alike in facts.alike))
    context = page_context(request, incident, "overview", evidence=evidence)
    context |= overview_of(incident, facts, request.user, context["merged_numbers"])
    return render(request, "incidents/overview.html", context)


@needs(get=Permission.SEE_INCIDENTS)
def details(request: PersonRequest, number: int) -> HttpResponse:
    """The details pane beside the queue; opened by itself, the incident's page."""
    incident = incident_or_404(request, number)
    if not request.htmx:
        return redirect("incidents:overview", number=number)
    return render(request, "incidents/pane.html", pane_context(request, incident))


@needs(get=Permission.SEE_INCIDENTS)
def raw(request: PersonRequest, number: int, alert_id: int) -> HttpResponse:
    """The record of one alert as its source sent it."""
    incident = incident_or_404(request, number)
    payload = get_object_or_404(AlertPayload, alert__incident=incident, alert_id=min(alert_id, LARGEST_ID))
    text = json.dumps(payload.raw, indent=2, ensure_ascii=False)
    return render(request, "incidents/raw.html", {"text": text, "incident": incident, "alert_id": alert_id})


def new_comment(incident: Incident) -> CommentForm:
    """The form of one comment, with a mark of its own: sent twice, it adds one comment."""
    return CommentForm(incident, once=uuid4())


def pane_context(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    found = looked_at(request, incident)
    steps = next_steps(incident)
    numbers = merged_into(incident, request.user)
    rendered = renderer(request.user)
    latest = stream(incident.pk, content="brief", size=6, actor_id=request.user.pk, rendered=rendered, merged=numbers)
    return {
        "may_merge": request.user.may(Permission.MERGE_INCIDENTS),
        "standing": found,
        "snoozes": SNOOZES,
        "seen_from": seen_from(latest.lines, found.was_seen),
        **head(request, incident),
        "top_assets": detail.top_assets(incident.pk),
        "shares": detail.priority_shares(incident),
        "around": detail.around(incident),
        "related": related(incident, request.user),
        "next_steps": steps[:STEPS_IN_PANE],
        "more_steps": max(len(steps) - STEPS_IN_PANE, 0),
        "stream": latest,
        "may_edit": request.user.may(Permission.EDIT_INCIDENTS) and not incident.redirected_to_id,
        "is_mine": incident.assignee_user_id == request.user.pk,
    }
