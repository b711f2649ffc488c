"""One incident's data to take away: tables, a JSON document, a STIX bundle."""

from __future__ import annotations

from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import Principal
from activity.actors import Actor
from common.query_strings import UnknownKeys, check_keys, nearest
from exports.choices import Marking
from exports.commands import record_data_export
from exports.incident_tables import TABLES, document
from exports.options import ReportOptions
from exports.stix import bundle
from exports.views.tables import LongAnswer
from incidents.models import Incident
from incidents.views.lookup import incident_or_404
from incidents.views.refused import refused

CSV_TYPE, JSON_TYPE = "text/csv; charset=utf-8", "application/json"
STIX_TYPE = "application/stix+json;version=2.1"
"""Source: STIX 2.1, section 3.7."""


@needs(get=Permission.EXPORT)
def incident_table(request: PersonRequest, number: int, table: str) -> HttpResponse | StreamingHttpResponse:
    """The alerts, the evidence or the log of one incident as a CSV table."""
    incident = incident_or_404(request, number)
    return table_answer(request.method, incident, request.user, request.user.as_actor(), table)


@needs(get=Permission.EXPORT)
def incident_document(request: PersonRequest, number: int) -> HttpResponse | StreamingHttpResponse:
    """All of one incident as one JSON document."""
    incident = incident_or_404(request, number)
    return document_answer(request.method, incident, request.user, request.user.as_actor())


@needs(get=Permission.EXPORT)
def incident_bundle(request: PersonRequest, number: int) -> HttpResponse | StreamingHttpResponse:
    """One incident as a STIX 2.1 bundle; `tlp` says to whom it may be given."""
    incident = incident_or_404(request, number)
    try:
        marking = marking_asked(request.GET)
    except (UnknownKeys, ValidationError) as error:
        return refused(request, error, is_list=False)
    return bundle_answer(request.method, incident, request.user, request.user.as_actor(), marking)


def marking_asked(query: QueryDict) -> Marking:
    """The marking that an address names. Raises UnknownKeys or ValidationError where it means nothing."""
    check_keys(query, ("tlp",))
    word = query.get("tlp") or str(ReportOptions().marking)
    if word not in Marking.values:
        raise ValidationError({"tlp": [f"“{word[:60]}” is no marking{nearest(word, Marking.values)}"]})
    return Marking(word)


def table_answer(
    method: str | None, incident: Incident, principal: Principal, actor: Actor, table: str
) -> HttpResponse | StreamingHttpResponse:
    """A table for who may have it."""
    what, name = f"the {table} of #{incident.pk} as CSV", f"incident-{incident.pk}-{table}"
    if method == "HEAD":
        return named(HttpResponse(content_type=CSV_TYPE), name, "csv")
    asked = TABLES[table](incident, principal)
    return taken_out(asked.csv(), incident, actor, what, named_as=(name, "csv"), content_type=CSV_TYPE)


def document_answer(
    method: str | None, incident: Incident, principal: Principal, actor: Actor
) -> HttpResponse | StreamingHttpResponse:
    """The JSON document for who may have it."""
    what, name = f"the data of #{incident.pk} as JSON", f"incident-{incident.pk}"
    if method == "HEAD":
        return named(HttpResponse(content_type=JSON_TYPE), name, "json")
    text = document(incident, principal)
    return taken_out(text, incident, actor, what, named_as=(name, "json"), content_type=JSON_TYPE)


def bundle_answer(
    method: str | None, incident: Incident, principal: Principal, actor: Actor, marking: Marking
) -> HttpResponse | StreamingHttpResponse:
    """The STIX bundle for who may have it."""
    what, name = f"#{incident.pk} as a STIX bundle, {marking.label}", f"incident-{incident.pk}"
    if method == "HEAD":
        return named(HttpResponse(content_type=STIX_TYPE), name, "stix.json")
    text = bundle(incident, principal, marking)
    return taken_out(text, incident, actor, what, named_as=(name, "stix.json"), content_type=STIX_TYPE)


def taken_out(
    text: Iterator[str], incident: Incident, actor: Actor, what: str, *, named_as: tuple[str, str], content_type: str
) -> HttpResponse | StreamingHttpResponse:
    """A download that is recorded before its first byte leaves."""
    record_data_export(actor=actor, incident_id=incident.pk, what=what)
    return named(LongAnswer(text, content_type=content_type), *named_as)


def named(
    response: HttpResponse | StreamingHttpResponse, name: str, ending: str
) -> HttpResponse | StreamingHttpResponse:
    """The answer as a file of this name, with the time in it."""
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M}Z.{ending}"'
    return response
