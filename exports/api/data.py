"""One incident's data for programs: the same files as in the browser."""

from __future__ import annotations

from django.http import HttpResponse, StreamingHttpResponse
from rest_framework.request import Request

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.endpoints import Endpoint
from common.shapes import anything, chosen, file
from exports.choices import Marking
from exports.views.data import bundle_answer, document_answer, marking_asked, table_answer
from incidents.api.lookup import visible_or_404


class IncidentTableView(Endpoint):
    """The alerts, the evidence or the log of one incident as a CSV table, safe to open in a spreadsheet."""

    resource = "Exports"
    gives = {"GET": file("text/csv", about="A table.")}
    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}

    def get(self, request: Request, number: int, table: str) -> HttpResponse | StreamingHttpResponse:
        """Take a table of an incident out."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return table_answer(request.method, incident, principal, principal.as_actor().through(Channel.API), table)


class IncidentDocumentView(Endpoint):
    """All of one incident as one JSON document."""

    resource = "Exports"
    gives = {"GET": anything("`incident`, `tasks`, `attachments`, `alerts`, `evidence`, `log`.")}
    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}

    def get(self, request: Request, number: int) -> HttpResponse | StreamingHttpResponse:
        """Take all of an incident out."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return document_answer(request.method, incident, principal, principal.as_actor().through(Channel.API))


class IncidentBundleView(Endpoint):
    """One incident as a STIX 2.1 bundle. `tlp` (clear, green, amber, amber_strict, red; usually amber) says to whom it
    may be given."""

    resource = "Exports"
    keys = {"GET": {"tlp": chosen(Marking, "To whom it may be given; usually amber.")}}
    gives = {"GET": file("application/stix+json", about="A STIX bundle.")}
    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}

    def get(self, request: Request, number: int) -> HttpResponse | StreamingHttpResponse:
        """Take an incident out as STIX."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        marking = marking_asked(request.query_params)
        return bundle_answer(request.method, incident, principal, principal.as_actor().through(Channel.API), marking)
