"""Setting one filter of the queue."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.filter_views import FilteredList, apply_filter, edit_filter
from common.query_strings import UnknownKeys
from incidents.filters import IncidentFilter
from incidents.views.refused import refused


def _refused(request: PersonRequest, error: UnknownKeys | ValidationError) -> HttpResponse:
    return refused(request, error, is_list=False)


QUEUE = FilteredList(IncidentFilter, lambda query, person: IncidentFilter(query, principal=person), _refused)


@needs(get=Permission.SEE_INCIDENTS)
def edit(request: PersonRequest) -> HttpResponse:
    """All filters there are to choose from; with `key`, the form of that one."""
    return edit_filter(request, QUEUE)


@needs(get=Permission.SEE_INCIDENTS)
def apply(request: PersonRequest) -> HttpResponse:
    """Go to the list with one filter set as the form says."""
    return apply_filter(request, QUEUE)
