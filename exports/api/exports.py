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
from common.bodies import Body
from common.endpoints import Endpoint
from exports.choices import Format
from exports.commands import request_export
from exports.files import NotMade
from exports.forms import options_of
from exports.queries.exports import LISTED, plain, requests_of
from exports.tasks import announce
from exports.views.exports import given, own_or_404
from incidents.api.lookup import visible_or_404

KEYS = ("format", "anew", "parts", "caps", "marking", "time_zone")
POLL_AFTER = "2"
"""Seconds after which asking again makes sense."""


class IncidentExportsView(Endpoint):
    """Have a file made of an incident: 202 while it is made, 200 where the very same is at hand."""

    needs = {"POST": Permission.EXPORT}

    def post(self, request: Request, number: int) -> HttpResponse:
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with Body(request.data, KEYS) as body:
            format = body.term("format", Format, Format.PDF)
            anew = body.flag("anew") or False
        # what else is said is the report's, and read by its form
        options = options_of(dict(request.data)) if format == Format.PDF else None

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

    def get(self, request: Request) -> Response:
        return Response({"exports": [plain(each.export) for each in requests_of(principal_of(request))[:LISTED]]})


class ExportView(Endpoint):
    """How far one export is."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}

    def get(self, request: Request, export_id: UUID) -> Response:
        export = own_or_404(export_id, principal_of(request)).export
        answer = Response(plain(export))
        if not export.is_over:
            answer["Retry-After"] = POLL_AFTER
        return answer


class ExportFileView(Endpoint):
    """The file of one that is ready."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}

    def get(self, request: Request, export_id: UUID) -> HttpResponseBase:
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
