"""The queue."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common import filter_bar
from common.columns import columns_text
from common.list_pages import range_text
from common.query_strings import UnknownKeys, address, with_values
from incidents.queries import queue as queries
from incidents.queries.hidden import hidden, hidden_rows
from incidents.queries.saved_views import default_view
from incidents.views.listing import list_context, look
from incidents.views.lookup import incident_or_none
from incidents.views.page import pane_context
from incidents.views.refused import refused
from incidents.views.search_box import search_box
from incidents.views.view_bar import view_bar

KEY_HINTS = ((("j", "k"), "move"), (("x",), "select"), (("i",), "mine"), (("?",), "keys"))
RANGES = (("1 d", "1d"), ("3 d", "3d"), ("1 w", "7d"), ("30 d", "30d"), ("6 m", "180d"), ("Any", ""))


@needs(get=Permission.SEE_INCIDENTS)
def queue(request: PersonRequest) -> HttpResponse:
    """The list of incidents that the address describes; to HTMX, the list and its counts alone."""
    path = queries.queue_path()
    if not request.META.get("QUERY_STRING") and request.path == path and (view := default_view(request.user)):
        return redirect(view.url)
    may_bulk = request.user.may(Permission.BULK_EDIT)
    try:
        page = queries.queue_page(
            request.GET, request.user, path, look(request), lambda wanted: hidden_rows(wanted, request.user)
        )
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error)
    context: dict[str, Any] = {
        "page": page,
        "rows": page.rows,
        "unread_numbers": [row.number for row in page.rows if row.is_unread],
        "chips": filter_bar.chips(page.filter, path),
        "hidden": hidden(page.query, page.beside, path),
        "add_filter_url": filter_bar.add_url(page.filter),
        "filter_choices": filter_bar.choices(page.filter),
        "filter_url": filter_bar.page_url(page.filter),
        "columns": queries.headings(page, path),
        "ranges": ranges(page, path),
        "reset_url": path,
        "again_url": address(path, with_values(request.GET)),
        "is_default": not set(request.GET) - {"open", "sort"},
        "range_text": range_text(len(page.rows), page.count),
        "cursor": page.moment,
        "box": search_box(page.query, page.filter),
        "may_bulk": may_bulk,
        "may_merge": request.user.may(Permission.MERGE_INCIDENTS),
        "edit_path": "../manage/" if request.user.may(Permission.EDIT_INCIDENTS) else "",
        "manage_many_url": reverse("incidents:manage_many"),
        "key_hints": KEY_HINTS,
    }
    context |= list_context(request, page, path)
    context |= view_bar(request, page.link, columns_text(page.columns)) | open_pane(request)
    template = "incidents/queue.html#refreshed" if request.htmx and not request.htmx.boosted else "incidents/queue.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def open_pane(request: PersonRequest) -> dict[str, Any]:
    """The details of the row that the address says is open."""
    word = request.GET.get("open", "")
    if not (word.isascii() and word.isdigit() and len(word) < 19) or request.htmx:
        return {}
    incident = incident_or_none(request, int(word))
    return {"open_number": str(incident.pk), **pane_context(request, incident)} if incident else {}


def ranges(page: queries.QueuePage, path: str) -> list[dict[str, Any]]:
    """The common time ranges as links, and last the way to one's own."""
    present = page.query.get("last_activity", "")
    usual = [
        {
            "label": label,
            "url": address(path, with_values(page.query, last_activity=[value] if value else None)),
            "current": value == present,
        }
        for label, value in RANGES
    ]
    own = filter_bar.edit_url(page.filter, "last_activity")
    return [*usual, {"label": "Custom", "url": own, "current": present not in dict(RANGES).values()}]
