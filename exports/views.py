"""Downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.query_strings import UnknownKeys
from exports.commands import record_queue_export
from exports.queries import export_of
from exports.tables import Batches, csv_text, json_text, ndjson_text
from incidents.views.refused import refused

FORMATS: dict[str, tuple[str, Callable[[Sequence[str], Batches], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_text),
    "json": ("application/json", json_text),
    "ndjson": ("application/x-ndjson", ndjson_text),
}
"""By the ending of the file: content type and writer."""


@needs(get=Permission.EXPORT)
def queue(request: PersonRequest, format: str) -> HttpResponse | StreamingHttpResponse:
    """The filtered queue as a table: the same address as the page's, every row of it."""
    try:
        export = export_of(request.GET, request.user)
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error)
    content_type, written = FORMATS[format]
    if request.method == "HEAD":
        response: HttpResponse | LongAnswer = HttpResponse(content_type=content_type)
    else:
        record_queue_export(
            actor=request.user.as_actor(),
            address=request.get_full_path(),
            incidents=len(export.numbers),
            format=format,
            columns=export.header,
        )
        response = LongAnswer(written(export.header, export.rows()), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="incidents-{timezone.now():%Y%m%d-%H%M}Z.{format}"'
    response["X-Incidents"] = str(len(export.numbers))
    return response


class LongAnswer(StreamingHttpResponse):
    """An answer that takes its time: the web server sends it while it is made, beside the pages (portal/edge.py)."""

    sent_while_made: Any = True
