"""An address that says something the queue does not understand."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest
from common.query_strings import UnknownKeys, address
from incidents.filters import FIELDS, LIST_KEYS, IncidentFilter
from incidents.filters.corrections import corrected
from incidents.queries import queue as queries
from incidents.views.search_box import search_box_with_error

MOST_TRIES = 3
"""A key set right may hold a word that is wrong, too."""


def refused(request: PersonRequest, error: UnknownKeys | ValidationError, *, is_list: bool = True) -> HttpResponse:
    """The page that says why a list cannot be shown as its address asks, with the link that was probably meant."""
    better = meant(request, error) if is_list else None
    box = search_box_with_error(request.GET, error)
    context = {
        "box": box,
        "problems": problems(error, without="q" if box["errors"] else ""),
        "reset_url": queries.queue_path(),
        "corrected_url": address(request.path, {key: better.getlist(key) for key in better}) if better else "",
    }
    return render(request, "incidents/queue_refused.html", context, status=400)


def meant(request: PersonRequest, error: UnknownKeys | ValidationError) -> QueryDict | None:
    """The address as it was probably meant; None where nothing of it is left."""
    query: QueryDict = request.GET
    for _ in range(MOST_TRIES):
        query = corrected(query, error, [*IncidentFilter.keys(), *LIST_KEYS])
        try:
            queries.asked(query, request.user)
        except (UnknownKeys, ValidationError) as another:
            error = another
        else:
            return query if query else None
    return None


def problems(error: UnknownKeys | ValidationError, without: str = "") -> list[str]:
    """What an address says that means nothing, one sentence each; of one key it is shown elsewhere."""
    if isinstance(error, UnknownKeys):
        return [f"There is no filter “{key[:60]}”{hint}" for key, hint in error.suggestions.items()]
    labels = {key: field.label for key, field in FIELDS.items()}
    return [
        f"{labels.get(field, field.replace('_', ' ').capitalize())}: {message}"
        for field, messages in error.message_dict.items()
        if field != without
        for message in messages
    ]
