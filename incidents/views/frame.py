"""The frame that every tab of the incident page stands in: header, tabs, facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import PersonRequest
from accounts.choices import Permission
from incidents.commands.looking import look_at
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.access import restriction_of
from incidents.queries.merging import merged_into, merged_rows
from incidents.queries.tasks import progress
from incidents.queries.unread import Standing, standing
from incidents.rules import SNOOZES


def _no_count(incident: Incident) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Tab:
    """One section of the incident page."""

    name: str
    """Of its address, under `incidents:`."""
    label: str
    count: Callable[[Incident], int | str | None] = _no_count
    """How many things it holds, from the incident's own row wherever that knows."""


TABS = (
    Tab("overview", "Overview"),
    Tab("story", "Attack story"),
    Tab("alerts", "Alerts", lambda incident: incident.alerts_total),
    Tab("assets", "Assets", lambda incident: sum(incident.asset_counts.values())),
    Tab("evidence", "Evidence", detail.evidence_total),
    Tab("tasks", "Tasks", progress),
    Tab("activity", "Activity"),
    Tab("similar", "Similar"),
)


def page_context(request: PersonRequest, incident: Incident, tab: str, **counted: int) -> dict[str, Any]:
    """What every tab of the page shows around itself; `counted` says, by tab, what was counted already."""
    found = looked_at(request, incident)
    numbers = merged_into(incident, request.user)
    return {
        **head(request, incident),
        "tabs": [
            {
                "label": each.label,
                "url": reverse(f"incidents:{each.name}", args=[incident.pk]),
                "count": counted[each.name] if each.name in counted else each.count(incident),
                "current": each.name == tab,
            }
            for each in TABS
        ],
        "may_edit": request.user.may(Permission.EDIT_INCIDENTS) and not incident.redirected_to_id,
        "is_mine": incident.assignee_user_id == request.user.pk,
        "crumbs": [{"label": "Incidents", "url": reverse("incidents:queue")}, {"label": f"#{incident.pk}"}],
        "cursor": found.moment,
        "standing": found,
        "snoozes": SNOOZES,
        "may_merge": request.user.may(Permission.MERGE_INCIDENTS),
        "may_take_log": request.user.may(Permission.SEE_SYSTEM_LOG),
        "merged_numbers": numbers,
        "merged": merged_rows(numbers, incident),
    }


def head(request: PersonRequest, incident: Incident) -> dict[str, Any]:
    """What page and pane show of the incident at the top, as far as the person may know of it."""
    return {
        "incident": detail.header(incident, request.user),
        "restriction": restriction_of(incident, request.user),
        "may_restrict": request.user.may(Permission.RESTRICT_INCIDENTS),
    }


def looked_at(request: PersonRequest, incident: Incident) -> Standing:
    """How the person stands to the incident that is now before their eyes, and from now on has been seen."""
    found = standing(request.user, incident.pk)
    if not found.is_up_to_date:
        look_at(request.user, incident.pk)
    return found


def tab_refused(
    request: PersonRequest, incident: Incident, tab: str, error: Exception, *, corrected_url: str = ""
) -> HttpResponse:
    """The tab's page that says why it cannot be shown as its address asks, with the way back to what it can show, and
    the address that was probably meant."""
    problems = [
        *(f"“{key}” is no key of this page{hint}" for key, hint in getattr(error, "suggestions", {}).items()),
        *getattr(error, "messages", []),
    ]
    context = {"problems": problems or [str(error)], "plain_url": reverse(f"incidents:{tab}", args=[incident.pk])}
    context["corrected_url"] = corrected_url
    context |= page_context(request, incident, tab)
    return render(request, "incidents/tab_refused.html", context, status=400)
