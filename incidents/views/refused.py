"""An address that says something the queue does not understand."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest
from common.corrections import meant, problems
from common.query_strings import UnknownKeys, address
from incidents.filters import IncidentFilter
from incidents.queries import queue as queries
from incidents.views.search_box import search_box_with_error


def refused(request: PersonRequest, error: UnknownKeys | ValidationError, *, is_list: bool = True) -> HttpResponse:
    """The page that says why a list cannot be shown as its address asks, with the link that was probably meant."""

    def check(query: QueryDict) -> object:
        return queries.asked(query, request.user)

    better = meant(request.GET, error, IncidentFilter, check) if is_list else None
    box = search_box_with_error(request.GET, error)
    context = {
        "box": box,
        "problems": problems(error, IncidentFilter, without="q" if box["errors"] else ""),
        "reset_url": queries.queue_path(),
        "corrected_url": address(request.path, {key: better.getlist(key) for key in better}) if better else "",
    }
    return render(request, "incidents/queue_refused.html", context, status=400)
