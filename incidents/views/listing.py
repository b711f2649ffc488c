"""Around the queue's rows: its columns, groups, exact count, the strip of the last day, and a row unfolded."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.list_settings import kept_list
from accounts.list_views import choose_columns
from common.list_pages import headings
from common.query_strings import UnknownKeys, address, with_values
from incidents.queries import queue as queries
from incidents.queries.expansion import alerts_of_row
from incidents.queries.grouping import GROUPINGS, Group
from incidents.queries.strip import HOURS, Strip, last_day
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_INCIDENTS, post=Permission.SEE_INCIDENTS)
def columns(request: PersonRequest) -> HttpResponse:
    """Choosing the queue's columns."""
    return choose_columns(request, queries.QUEUE)


@needs(get=Permission.SEE_INCIDENTS)
def alert_rows(request: PersonRequest, number: int) -> HttpResponse:
    """The alerts of a row, unfolded beneath it; opened by itself, a page of the same."""
    incident = incident_or_404(request, number)
    template = "incidents/row_alerts.html#rows" if request.htmx else "incidents/row_alerts.html"
    may_merge = request.user.may(Permission.MERGE_INCIDENTS)
    return render(request, template, alerts_of_row(incident) | {"name": incident.name, "may_merge": may_merge})


@needs(get=Permission.SEE_INCIDENTS)
def group(request: PersonRequest) -> HttpResponse:
    """The first rows of one group, for the list that the rest of the address describes."""
    query = request.GET.copy()
    word = query.pop("value", [""])[-1]
    try:
        rows, shown = queries.group_rows(query, word, request.user, look(request))
    except (UnknownKeys, ValidationError):
        return HttpResponse("There is no such group.", status=400, content_type="text/plain; charset=utf-8")
    context = {
        "rows": rows,
        "columns": headings(shown, queries.asked(query, request.user).order, query, queries.queue_path()),
        "may_bulk": request.user.may(Permission.BULK_EDIT),
    }
    return render(request, "incidents/group.html", context)


@needs(get=Permission.SEE_INCIDENTS)
def exact_count(request: PersonRequest) -> HttpResponse:
    """How many incidents an address matches, to the last one."""
    try:
        number = queries.asked(request.GET, request.user).matching.order_by().count()
    except (UnknownKeys, ValidationError):
        return HttpResponse("There is no such list.", status=400, content_type="text/plain; charset=utf-8")
    context = {"number": f"{number:,}", "back_url": address(queries.queue_path(), with_values(request.GET))}
    template = "incidents/exact_count.html#count" if request.htmx else "incidents/exact_count.html"
    return render(request, template, context)


@needs(get=Permission.SEE_INCIDENTS)
def strip(request: PersonRequest) -> HttpResponse:
    """Alerts received and incidents opened in the last day; to HTMX, the strips alone."""
    template = "incidents/strip.html#strips" if request.htmx else "incidents/strip.html"
    response = render(request, template, strip_context(last_day(request.user)))
    response["Cache-Control"] = "private, max-age=60"
    response["Vary"] = "HX-Request, Cookie"
    return response


def strip_context(day: Strip) -> dict[str, Any]:
    alerts, incidents = sum(day.alerts), sum(day.incidents)
    return {
        "alerts": day.alerts,
        "incidents": day.incidents,
        "alerts_text": f"{alerts:,} alert{'' if alerts == 1 else 's'} received",
        "incidents_text": f"{incidents:,} incident{'' if incidents == 1 else 's'} opened",
        "hours": HOURS,
        "rows": [
            (f"{timezone.localtime(hour):%H:%M}", received, opened) for hour, received, opened in reversed(day.rows)
        ],
    }


def look(request: PersonRequest) -> queries.Look:
    """How this person sees the queue."""
    return queries.Look(
        columns=kept_list(request.user, queries.QUEUE.name).columns,
        selectable=request.user.may(Permission.BULK_EDIT),
        opened=request.GET.get("open", ""),
    )


def list_context(request: PersonRequest, page: queries.QueuePage, path: str) -> dict[str, Any]:
    """What the list's own tools need: columns, groups, strip, exact count."""
    state = with_values(request.GET)
    closed = set(kept_list(request.user, queries.QUEUE.name).closed)
    present = request.GET.get("group", "")
    context: dict[str, Any] = {
        "columns_url": address(reverse("incidents:columns"), state),
        "count_url": "" if page.count.exact is not None else address(reverse("incidents:exact_count"), state),
        "remember_url": reverse("close_part", args=[queries.QUEUE.name]),
        "strip_url": reverse("incidents:strip"),
        "strip_open": "strip" not in closed,
        "group_label": GROUPINGS[present].label if present in GROUPINGS else "",
        "groupings": [
            {"label": grouping.label, "url": address(path, state | {"group": [key]}), "current": key == present}
            for key, grouping in GROUPINGS.items()
        ],
        "ungrouped_url": address(path, {key: values for key, values in state.items() if key != "group"}),
    }
    if page.groups:
        context["groups"] = page.groups
        context["group_rows"] = [_group(page, group, closed, path) for group in page.groups.shown]
    return context


def _group(page: queries.QueuePage, group: Group, closed: set[str], path: str) -> dict[str, Any]:
    assert page.groups is not None
    key = page.groups.key
    part = f"group:{key}:{group.word}"[:120]
    one = queries.narrowed(page.query, GROUPINGS[key], group.word)
    one.pop("group", None)
    return {
        "mark": group.mark,
        "count": f"{group.count:,}",
        "part": part,
        "open": part not in closed,
        "rows_url": address(reverse("incidents:group"), with_values(page.query) | {"value": [group.word]}),
        "list_url": address(path, with_values(one)) if group.word else "",
        "is_cut": group.count > queries.GROUP_SIZE,
    }
