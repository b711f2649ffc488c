"""As it was: the page of an incident at a moment, and of what is otherwise between two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import User
from activity.wording import in_words
from alerts.choices import AlertStatus, Classification, Determination, Severity, finding_in_words
from common.marks import (
    absolute_time,
    asset_counts,
    day_and_time,
    initials,
    person_mark,
    severity_mark,
    status_mark,
    tag_mark,
)
from common.query_strings import UnknownKeys, address, check_keys
from incidents.as_it_was.difference import differences
from incidents.as_it_was.state import AlertThen, State
from incidents.choices import IncidentStatus, TaskState
from incidents.models import Incident
from incidents.queries.as_of import NOW, Moment, moment, neighbours, state_at
from incidents.queries.columns import UNASSIGNED_MARK
from incidents.queries.texts import rendered
from incidents.views.lookup import incident_or_404

KEYS = ("entry", "at", "from", "to")
MOST_LISTED = 100


@needs(get=Permission.SEE_INCIDENTS)
def as_of(request: PersonRequest, number: int) -> HttpResponse:
    """The incident at `entry` or `at`; with `from` (and `to`, else now), what is otherwise between the two."""
    incident = incident_or_404(request, number)
    try:
        check_keys(request.GET, KEYS)
        if "from" in request.GET:
            return _between(request, incident)
        return _at(request, incident)
    except (UnknownKeys, ValidationError) as error:
        return _refused(request, incident, error)


def _at(request: PersonRequest, incident: Incident) -> HttpResponse:
    key = "entry" if request.GET.get("entry") else "at"
    found = moment(incident.pk, key, request.GET.get(key) or NOW)
    before, after = neighbours(found)
    path = reverse("incidents:as_of", args=[incident.pk])
    context = _page(incident, found) | {
        "state": shown(state_at(found), request.user),
        "moment": _shown_moment(found),
        "before_url": address(path, {"entry": [str(before)]}) if before else "",
        "after_url": address(path, {"entry": [str(after)]}) if after else "",
        "since_url": address(path, {"from": [str(found.last.pk)]}) if after else "",
        "change_url": address(path, {"from": [str(before)], "to": [str(found.last.pk)]}) if before else "",
    }
    return render(request, "incidents/as_of.html", context)


def _between(request: PersonRequest, incident: Incident) -> HttpResponse:
    begin = moment(incident.pk, "from", request.GET["from"])
    end = moment(incident.pk, "to", request.GET.get("to") or NOW)
    if begin.last.sequence > end.last.sequence:
        begin, end = end, begin
    path = reverse("incidents:as_of", args=[incident.pk])
    context = _page(incident, end) | {
        "begin": _shown_moment(begin) | {"url": address(path, {"entry": [str(begin.last.pk)]})},
        "end": _shown_moment(end) | {"url": address(path, {"entry": [str(end.last.pk)]})},
        "differences": differences(state_at(begin), state_at(end)),
        "since": _local(begin),
    }
    return render(request, "incidents/as_of_difference.html", context)


def _page(incident: Incident, found: Moment) -> dict[str, Any]:
    activity, shown = reverse("incidents:activity", args=[incident.pk]), found.named or found.last
    return {
        "number": incident.pk,
        "crumbs": _crumbs(incident),
        "activity_url": f"{activity}?entry={shown.pk}#entry-{shown.sequence}",
        "until": _local(found),
    }


def _crumbs(incident: Incident) -> list[dict[str, str]]:
    return [
        {"label": "Incidents", "url": reverse("incidents:queue")},
        {"label": f"#{incident.pk}", "url": reverse("incidents:overview", args=[incident.pk])},
        {"label": "As it was"},
    ]


def _local(found: Moment) -> str:
    """As a browser's field for date and time has it, in the zone of the person."""
    return f"{timezone.localtime(found.time):%Y-%m-%dT%H:%M:%S}"


def _shown_moment(found: Moment) -> dict[str, str]:
    return {"time": absolute_time(found.time), "sentence": found.sentence}


def shown(state: State, reader: User) -> dict[str, Any]:
    """A state as the page shows it to a reader."""
    values = state.values
    assignee = values["assignee"]
    finding = finding_in_words(Classification(values["classification"]), Determination(values["determination"]))
    return {
        "name": values["name"],
        "severity": severity_mark(Severity.from_slug(values["severity"])),
        "status": status_mark(IncidentStatus.from_slug(values["status"])),
        "assignee": _person(assignee) if assignee else person_mark(*UNASSIGNED_MARK),
        "tags": [tag_mark(name) for name in values["tags"]],
        "finding": finding,
        "due": _day(values["due_at"]),
        "snoozed_until": _day(values["snoozed_until"]),
        "members": ", ".join(values["members"]),
        "restricted": values["restricted"],
        "note": rendered([state.note], reader)[0] if state.note else "",
        "note_was_emptied": state.note_was_emptied,
        "merged_into": state.merged_into,
        "categories": in_words(values["categories"], "categories"),
        "sources": ", ".join(values["service_sources"]),
        "assets": asset_counts(values["asset_counts"]),
        "alerts": _alerts(state),
        "alerts_total": len(state.alerts),
        "alerts_active": state.alerts_active,
        "tasks": _tasks(state),
        "tasks_open": len(state.open_tasks),
        "evidence": [
            {
                "name": piece.label,
                "verdict": in_words(piece.verdict, "verdict"),
                "remediation": in_words(piece.remediation_status, "remediation_status"),
                "by_hand": piece.by_hand,
            }
            for _, piece in sorted(state.evidence.items())[:MOST_LISTED]
        ],
    }


def _day(moment: str | None) -> str:
    return day_and_time(datetime.fromisoformat(moment)) if moment else ""


def _person(assignee: dict[str, Any]) -> str:
    kind = "team" if assignee["kind"] == "team" else "person"
    return person_mark(initials(assignee["label"]), assignee["label"], kind)


def _alerts(state: State) -> dict[str, Any]:
    """Alerts that are the same but for their number stand in one row, the active ones first."""
    rows: dict[tuple[str, str, str], int] = {}
    ordered = sorted(state.alerts.values(), key=_urgency)
    for alert in ordered:
        key = (alert.title, alert.severity, alert.status)
        rows[key] = rows.get(key, 0) + 1
    listed = [
        {
            "title": title,
            "count": count,
            "severity": severity_mark(Severity.from_slug(severity)),
            "status": AlertStatus.from_slug(status).label,
        }
        for (title, severity, status), count in list(rows.items())[:MOST_LISTED]
    ]
    return {"rows": listed, "more": max(len(rows) - MOST_LISTED, 0)}


def _urgency(alert: AlertThen) -> tuple[bool, int, str]:
    return alert.status == "resolved", -Severity.from_slug(alert.severity), alert.title


def _tasks(state: State) -> list[dict[str, Any]]:
    return [
        {
            "title": task.title,
            "state": TaskState(task.state).label,
            "assignee": _person(task.assignee) if task.assignee else "",
            "due": _day(task.due_at),
        }
        for task in (state.tasks[number] for number in state.shown_tasks)
    ]


def _refused(request: PersonRequest, incident: Incident, error: UnknownKeys | ValidationError) -> HttpResponse:
    """The page that says why an address names no moment."""
    if isinstance(error, UnknownKeys):
        problems = [f"“{key[:60]}” is no key of this page{hint}" for key, hint in error.suggestions.items()]
    else:
        problems = error.messages
    context = {
        "number": incident.pk,
        "problems": problems,
        "crumbs": _crumbs(incident),
        "until": f"{timezone.localtime():%Y-%m-%dT%H:%M:%S}",
    }
    return render(request, "incidents/as_of_refused.html", context, status=400)
