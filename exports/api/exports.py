"""Exports of incidents for programs: ask for one, see how far it is, fetch its file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http.response import HttpResponseBase
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.api import AlwaysJSON, bad_query
from common.query_strings import UnknownKeys, nearest
from exports.choices import Format
from exports.commands import request_export
from exports.files import NotMade
from exports.forms import options_of
from exports.queries.exports import LISTED, plain, requests_of
from exports.tasks import announce
from exports.views.exports import given, own_or_404
from incidents.api.lookup import visible_or_404

KEYS = {"format", "anew", "parts", "caps", "marking", "time_zone"}
POLL_AFTER = "2"
"""Seconds after which asking again makes sense."""


class IncidentExportsView(APIView):
    """Have a file made of an incident: 202 while it is made, 200 where the very same is at hand."""

    needs = {"POST": Permission.EXPORT}
    content_negotiation_class = AlwaysJSON

    def post(self, request: Request, number: int) -> Response:
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        said = _said(request.data)
        format = Format(said.get("format", Format.PDF))
        try:
            options = options_of(said) if format == Format.PDF else None
        except ValidationError as error:
            raise bad_query(error) from None
        export = request_export(incident, format, options, principal=principal, anew=said.get("anew", False))
        if export.is_over:
            return Response(plain(export))
        transaction.on_commit(lambda: announce(export.pk))
        answer = Response(plain(export), status=status.HTTP_202_ACCEPTED)
        answer["Location"] = answer.data["url"]
        answer["Retry-After"] = POLL_AFTER
        return answer


class ExportsView(APIView):
    """What this person or token asked for, the latest first."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request) -> Response:
        return Response({"exports": [plain(each.export) for each in requests_of(principal_of(request))[:LISTED]]})


class ExportView(APIView):
    """How far one export is."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request, export_id: UUID) -> Response:
        export = own_or_404(export_id, principal_of(request)).export
        answer = Response(plain(export))
        if not export.is_over:
            answer["Retry-After"] = POLL_AFTER
        return answer


class ExportFileView(APIView):
    """The file of one that is ready."""

    needs = {"GET": Permission.EXPORT, "HEAD": Permission.EXPORT}
    content_negotiation_class = AlwaysJSON

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


def _said(data: Any) -> dict[str, Any]:
    """What was sent, with no key that means nothing."""
    if not isinstance(data, dict):
        raise exceptions.ValidationError({"body": ["Send an object."]})
    unknown = {str(key): nearest(str(key), KEYS) for key in data if key not in KEYS}
    if unknown:
        raise bad_query(UnknownKeys(unknown))
    if data.get("format", Format.PDF) not in Format.values:
        raise exceptions.ValidationError({"format": [f"Send one of {', '.join(Format.values)}."]})
    if not isinstance(data.get("anew", False), bool):
        raise exceptions.ValidationError({"anew": ["Send true or false."]})
    return data
