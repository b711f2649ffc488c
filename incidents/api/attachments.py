"""Attachments for programs: list them, send one, fetch one."""

from __future__ import annotations

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from common.endpoints import Endpoint
from common.shapes import answer, file, list_of, upload
from incidents.api.lookup import visible_or_404
from incidents.files import Damaged
from incidents.queries.attachments import plain_attachment, plain_attachments
from incidents.shapes import ATTACHMENT
from incidents.views.attachments import attachment_or_404, given, taken


class AttachmentsView(Endpoint):
    """The files of an incident, oldest first; and sending one, as the field `file` of a multipart form."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS, "POST": Permission.EDIT_INCIDENTS}
    resource = "Attachments"
    takes = {"POST": upload("the file")}
    gives = {"GET": answer("Attachments", attachments=list_of(ATTACHMENT)), "POST": {201: ATTACHMENT}}
    parser_classes = (MultiPartParser,)

    def get(self, request: Request, number: int) -> Response:
        """List the attachments of an incident."""
        return Response({"attachments": plain_attachments(visible_or_404(number, principal_of(request)))})

    def post(self, request: Request, number: int) -> HttpResponse:
        """Attach a file to an incident."""
        incident = visible_or_404(number, principal_of(request))
        file = request.FILES.get("file")
        if not isinstance(file, UploadedFile):
            raise exceptions.ValidationError({"file": ["Send one file as the field `file` of a multipart form."]})

        def act() -> Response:
            found = taken(incident, file, principal_of(request), Channel.API)
            return Response(plain_attachment(found), status=status.HTTP_201_CREATED)

        return once(request, act)


class AttachmentView(Endpoint):
    """The bytes of one attachment, compared with their SHA-256 before the first of them leaves."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    gives = {"GET": file("*/*", about="The bytes.")}
    refuses = {"GET": (409,)}

    def get(self, request: Request, number: UUID) -> HttpResponseBase:
        """Fetch an attachment."""
        principal = principal_of(request)
        try:
            return given(attachment_or_404(principal, number), principal, Channel.API)
        except Damaged as damaged:
            raise FileDamaged(damaged) from None


class FileDamaged(exceptions.APIException):
    """The file of an attachment is not what came."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "File damaged"

    def __init__(self, damaged: Damaged) -> None:
        super().__init__(f"The file of this attachment {damaged}; nobody is given it. An administrator has been told.")
