"""Attachments for programs: list them, send one, fetch one."""

from __future__ import annotations

from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from common.bodies import LONG
from common.endpoints import NOTHING, Endpoint
from common.shapes import (
    answer,
    file,
    list_of,
    moment,
    needed,
    sent,
    text,
    upload,
    uuid,
)
from common.time_ranges import utc
from incidents.api.lookup import visible_or_404
from incidents.commands import erase_attachment, remove_attachment
from incidents.files import Damaged
from incidents.models import Attachment
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
    """The bytes of one attachment, compared with their SHA-256 before the first of them leaves (GET); taking it off its
    incident (DELETE), by who attached it or who moderates."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS, "DELETE": Permission.EDIT_INCIDENTS}
    gives = {"GET": file("*/*", about="The bytes."), "DELETE": {204: None}}
    refuses = {"GET": (409,)}
    takes = {"DELETE": NOTHING}

    def get(self, request: Request, number: UUID) -> HttpResponseBase:
        """Fetch an attachment."""
        principal = principal_of(request)
        try:
            return given(attachment_or_404(principal, number), principal, Channel.API)
        except Damaged as damaged:
            raise FileDamaged(damaged) from None

    def delete(self, request: Request, number: UUID) -> Response:
        """Remove an attachment."""
        principal = principal_of(request)
        found = attachment_or_404(principal, number)
        with self.body(request):
            pass
        remove_attachment(found, actor=principal.as_actor(Channel.API), principal=principal)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EraseAttachmentView(Endpoint):
    """Destroy the bytes of a file that was removed, for ever: `{"reason": "…"}`. The log keeps its name, size and
    hash."""

    needs = {"POST": Permission.EMPTY_TEXTS}
    takes = {"POST": sent(reason=needed(text("for the log", most=LONG)))}
    gives = {"POST": answer("Erased", id=uuid(), erased=moment())}

    def post(self, request: Request, number: UUID) -> HttpResponse:
        """Erase a removed attachment."""
        principal = principal_of(request)
        found = Attachment.objects.visible_to(principal).select_related("incident").filter(pk=number).first()
        if found is None:
            raise Http404
        with self.body(request) as body:
            reason = body.text("reason", LONG, required=True)

        def act() -> Response:
            erased = erase_attachment(found, reason, actor=principal.as_actor(Channel.API))
            return Response({"id": str(erased.pk), "erased": utc(erased.erased_at)})

        return once(request, act)


class FileDamaged(exceptions.APIException):
    """The file of an attachment is not what came."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "File damaged"

    def __init__(self, damaged: Damaged) -> None:
        super().__init__(f"The file of this attachment {damaged}; nobody is given it. An administrator has been told.")
