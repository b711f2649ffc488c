"""The queue and the type-ahead fields around it."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.queries import moment
from alerts.choices import DETERMINATIONS, Classification, Severity
from common.columns import columns_text
from common.filters import ANY
from common.marks import severity_mark, status_mark
from common.query_strings import UnknownKeys, address, with_values
from incidents.choices import IncidentStatus
from incidents.filters import DEFAULTS
from incidents.models import Incident
from incidents.queries import queue as queries
from incidents.queries.saved_views import side_list
from incidents.views.page import pane_context
from incidents.views.search_box import search_box, search_box_with_error
from incidents.views.view_bar import view_bar

KEY_HINTS = ((("j", "k"), "move"), (("x",), "select"), (("i",), "mine"), (("?",), "keys"))
RANGES = (("1 d", "1d"), ("3 d", "3d"), ("1 w", "7d"), ("30 d", "30d"), ("6 m", "180d"), ("Any", ""))


@needs(get=Permission.SEE_INCIDENTS)
def queue(request: PersonRequest) -> HttpResponse:
    """The list of incidents that the address describes; to HTMX, the list and its counts alone."""
    path = queries.queue_path()
    if not request.META.get("QUERY_STRING") and request.path == path and (url := default_url(request)):
        return redirect(url)
    cursor = moment()
    may_bulk = request.user.may(Permission.BULK_EDIT)
    try:
        page = queries.queue_page(
            request.GET, request.user, path, selectable=may_bulk, opened=request.GET.get("open", "")
        )
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error)
    context: dict[str, Any] = {
        "page": page,
        "rows": page.rows,
        "chips": queries.chips(page, path),
        "hidden": queries.hidden(page, request.user, path),
        "columns": queries.headings(page, path),
        "ranges": ranges(page, path),
        "filter_groups": filter_groups(page),
        "kept": kept(page),
        "reset_url": path,
        "again_url": address(path, with_values(request.GET)),
        "is_default": not set(request.GET) - {"open", "sort"},
        "range_text": range_text(page),
        "cursor": cursor,
        "box": search_box(page.query, page.filter),
        "assignees": chosen_assignees(page),
        "chosen_tags": [{"value": name, "label": name, "mark": ""} for name in page.query.getlist("tag")],
        "may_bulk": may_bulk,
        "edit_path": "../manage/" if request.user.may(Permission.EDIT_INCIDENTS) else "",
        "manage_many_url": reverse("incidents:manage_many"),
        "key_hints": KEY_HINTS,
    }
    context |= view_bar(request, page.link, columns_text(page.columns)) | open_pane(request)
    template = "incidents/queue.html#refreshed" if request.htmx and not request.htmx.boosted else "incidents/queue.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def default_url(request: PersonRequest) -> str:
    """The view that this person's queue opens with."""
    return next((view.url for view in side_list(request.user) if view.is_default), "")


def open_pane(request: PersonRequest) -> dict[str, Any]:
    """The details of the row that the address says is open."""
    word = request.GET.get("open", "")
    if not (word.isascii() and word.isdigit() and len(word) < 19) or request.htmx:
        return {}
    incident = (
        Incident.objects.visible_to(request.user)
        .select_related("assignee_user", "assignee_team")
        .prefetch_related("tags")
        .filter(pk=int(word))
        .first()
    )
    return {"open_number": str(incident.pk), "open_pane": pane_context(request, incident)} if incident else {}


def refused(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    """The page that says why a list cannot be shown as its address asks."""
    box = search_box_with_error(request.GET, error)
    told = [] if box["errors"] else problems(error)
    context = {"problems": told, "reset_url": queries.queue_path(), "box": box}
    return render(request, "incidents/queue_refused.html", context, status=400)


def problems(error: UnknownKeys | ValidationError) -> list[str]:
    """What an address says that means nothing, one sentence each."""
    if isinstance(error, UnknownKeys):
        return [f"There is no filter “{key}”{hint}" for key, hint in error.suggestions.items()]
    return [
        f"{field.replace('_', ' ').capitalize()}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    ]


def ranges(page: queries.QueuePage, path: str) -> list[dict[str, Any]]:
    """The common time ranges as links."""
    present = page.query.get("last_activity", "")
    return [
        {
            "label": label,
            "url": address(path, with_values(page.query, last_activity=[value] if value else None)),
            "current": value == present,
        }
        for label, value in RANGES
    ]


def filter_groups(page: queries.QueuePage) -> list[dict[str, Any]]:
    """Check boxes of “Add filter”."""
    chosen = {
        key: set(page.query.getlist(key)) for key in ("status", "severity", "classification", "determination", "source")
    }
    determinations = {each for group in DETERMINATIONS.values() for each in group}
    groups: list[tuple[str, str, list[tuple[Any, Any, Any]]]] = [
        ("Status", "status", [(s.slug, s.label, status_mark(s)) for s in IncidentStatus]),
        ("Severity", "severity", [(s.slug, s.label, severity_mark(s)) for s in reversed(Severity)]),
        ("Service source", "source", [(name, name, "") for name in known_sources(chosen["source"])]),
        ("Classification", "classification", [(c.slug, c.label, "") for c in Classification]),
        (
            "Determination",
            "determination",
            sorted(((d.slug, d.label, "") for d in determinations), key=lambda option: str(option[1])),
        ),
    ]
    return [
        {
            "label": label,
            "name": name,
            "open": name in ("status", "severity"),
            "options": [
                {
                    "value": value,
                    "label": text,
                    "mark": mark,
                    "checked": value in chosen[name] or (ANY in chosen[name] and name in DEFAULTS),
                }
                for value, text, mark in options
            ],
        }
        for label, name, options in groups
        if options
    ]


def known_sources(chosen: set[str]) -> list[str]:
    """Service sources of open incidents that everyone sees; kept for a minute, since reading them touches many rows."""
    sources = cache.get("service-sources")
    if sources is None:
        ordinary = Incident.objects.open().filter(restricted=False)
        rows = ordinary.order_by("-last_activity").values_list("service_sources", flat=True)[:2000]
        sources = sorted({source for row in rows for source in row})
        cache.set("service-sources", sources, 60)
    return sorted({*sources, *chosen}, key=str.lower)


def kept(page: queries.QueuePage) -> list[tuple[str, str]]:
    """What the filter menu's form must carry along: everything it has no box for."""
    boxes = {"status", "severity", "classification", "determination", "source"}
    state = with_values(page.query)
    return [(key, value) for key, values in state.items() if key not in boxes for value in values if value]


def chosen_assignees(page: queries.QueuePage) -> list[dict[str, Any]]:
    return [
        {"value": word, "label": page.filter.label("assignee", word), "mark": ""}
        for word in page.query.getlist("assignee")
    ]


def range_text(page: queries.QueuePage) -> str:
    shown = len(page.rows)
    if page.count.exact is not None and shown == page.count.exact:
        return f"{shown:,} of {shown:,}"
    return f"{shown:,} of {page.count.in_words}"
