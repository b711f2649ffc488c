"""Downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.actors import Actor
from common.query_strings import UnknownKeys
from exports.commands import record_log_export, record_queue_export
from exports.log_files import SYSTEM, log_lines
from exports.queries.queue_table import export_of
from exports.tables import Batches, csv_text, json_text, ndjson_text
from incidents.views.lookup import incident_or_404
from incidents.views.refused import refused

FORMATS: dict[str, tuple[str, Callable[[Sequence[str], Batches], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_text),
    "json": ("application/json", json_text),
    "ndjson": ("application/x-ndjson", ndjson_text),
}
"""By the ending of the file: content type and writer."""
LOG_TYPE = "application/x-ndjson"


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


@needs(get=Permission.SEE_SYSTEM_LOG)
def incident_log(request: PersonRequest, number: int) -> HttpResponse | StreamingHttpResponse:
    """The log of one incident as a file that can be verified anywhere (docs/log-format.md)."""
    incident = incident_or_404(request, number)
    return log_answer(request.method, incident.pk, request.user.as_actor())


@needs(get=Permission.SEE_SYSTEM_LOG)
def system_log(request: PersonRequest) -> HttpResponse | StreamingHttpResponse:
    """The same of the system's own stream."""
    return log_answer(request.method, None, request.user.as_actor())


def log_answer(method: str | None, incident_id: int | None, actor: Actor) -> HttpResponse | StreamingHttpResponse:
    """A log's file for who may have it: recorded before its first byte leaves."""
    if method == "HEAD":
        response: HttpResponse | LongAnswer = HttpResponse(content_type=LOG_TYPE)
    else:
        record_log_export(actor=actor, incident_id=incident_id)
        response = LongAnswer(log_lines(SYSTEM if incident_id is None else incident_id), content_type=LOG_TYPE)
    name = "system" if incident_id is None else f"incident-{incident_id}"
    response["Content-Disposition"] = f'attachment; filename="{name}-log-{timezone.now():%Y%m%d-%H%M}Z.jsonl"'
    return response


class LongAnswer(StreamingHttpResponse):
    """An answer that takes its time: the web server sends it while it is made, beside the pages (portal/edge.py)."""

    sent_while_made: Any = True
