"""Exports of incidents for programs: ask for one, see how far it is, fetch its file."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from common.endpoints import Endpoint
from common.fields import SHORT_TEXT
from common.shapes import answer, choice, file, flag, list_of, looked_up, placed, sent, text, under_way
from exports.choices import Format, Marking, Part
from exports.commands import request_export
from exports.files import NotMade
from exports.forms import options_of
from exports.queries.exports import LISTED, plain, requests_of
from exports.shapes import EXPORT
from exports.tasks import announce
from exports.views.exports import given, own_or_404
from incidents.api.lookup import visible_or_404

POLL_AFTER = "2"
"""Seconds after which asking again makes sense."""


class IncidentExportsView(Endpoint):
    """Have a file made of an incident: 202 while it is made, 200 where the very same is at hand."""

    resource = "Exports"
    needs = {"POST": Permission.EXPORT}
    takes = {
        "POST": sent(
            format=choice(Format, "usually pdf"),
            anew=flag("have it made again, though the very same was made within five minutes"),
            parts=list_of(choice(Part), "of a report; usually all", most=len(Part), least=1),
            caps=flag("of a report: at most 10 assets of a type and 100 pieces of evidence; usually true"),
            marking=choice(Marking, "of a report: to whom it may be given; usually amber"),
            time_zone=looked_up(text("of a report: such as Europe/Berlin; usually UTC", most=SHORT_TEXT)),
        )
    }
    gives = {"POST": {200: EXPORT, 202: under_way(placed(EXPORT))}}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Have an export made."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with self.body(request) as body:
            format = body.term("format", Format, Format.PDF)
            anew = body.flag("anew") or False
        # what else is said is the report's, and read by its form
        said = {name: value for name, value in dict(request.data).items() if value is not None}
        options = options_of(said) if format == Format.PDF else None

        def act() -> Response:
            export = request_export(incident, format, options, principal=principal, anew=anew)
            if export.is_over:
                return Response(plain(export))
            transaction.on_commit(lambda: announce(export.pk))
            answer = Response(plain(export), status=status.HTTP_202_ACCEPTED)
            answer["Location"] = answer.data["url"]
            answer["Retry-After"] = POLL_AFTER
            return answer

        return once(request, act)


class ExportsView(Endpoint):
    """What this person or token asked for, the latest first."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    gives = {"GET": answer("Exports", exports=list_of(EXPORT))}

    def get(self, request: Request) -> Response:
        """List one's exports."""
        return Response({"exports": [plain(each.export) for each in requests_of(principal_of(request))[:LISTED]]})


class ExportView(Endpoint):
    """How far one export is."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    gives = {"GET": under_way(EXPORT)}

    def get(self, request: Request, export_id: UUID) -> Response:
        """See how far an export is."""
        export = own_or_404(export_id, principal_of(request)).export
        answer = Response(plain(export))
        if not export.is_over:
            answer["Retry-After"] = POLL_AFTER
        return answer


class ExportFileView(Endpoint):
    """The file of one that is ready, as long as one may still see the incident."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    gives = {"GET": file("application/pdf", "application/zip", about="The file.")}
    refuses = {"GET": (409,)}

    def get(self, request: Request, export_id: UUID) -> HttpResponseBase:
        """Fetch the file of an export."""
        principal = principal_of(request)
        export = own_or_404(export_id, principal).export
        try:
            return given(export, principal, Channel.API, head=request.method == "HEAD")
        except NotMade as problem:
            raise NoFile(str(problem)) from None


class NoFile(exceptions.APIException):
    """There is no file to be had."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "No file"
