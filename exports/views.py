"""Downloads."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.query_strings import UnknownKeys
from exports.commands import record_queue_export
from exports.queries import HEADER, MOST_ROWS, queue_rows
from exports.tables import csv_lines
from incidents.filters import IncidentFilter, with_defaults
from incidents.models import Incident
from incidents.queries.queue import DEFAULT_ORDER, order_named
from incidents.views.queue import refused


@needs(get=Permission.EXPORT)
def queue_csv(request: PersonRequest) -> HttpResponse | StreamingHttpResponse:
    """The filtered queue as CSV: the same address as the page's, at most 10,000 incidents."""
    query = with_defaults(request.GET)
    incident_filter = IncidentFilter(query, Incident.objects.visible_to(request.user), principal=request.user)
    try:
        incident_filter.check()
        order = order_named(query.get("sort", DEFAULT_ORDER))
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error)
    rows = list(queue_rows(incident_filter.qs, order))
    record_queue_export(actor=request.user.as_actor(), address=request.get_full_path(), incidents=len(rows))
    response = StreamingHttpResponse(csv_lines(HEADER, rows), content_type="text/csv; charset=utf-8")
    name = f"incidents-{timezone.now():%Y%m%d-%H%M}Z.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Row-Limit"] = str(MOST_ROWS)
    return response
