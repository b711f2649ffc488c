"""`POST /api/v1/incidents/import/`: an archive comes in."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.endpoints import Endpoint
from common.shapes import answer, anything, ident, link, list_of, number, or_null, text, upload, word_of
from exports.importing.bringing import import_archive
from exports.importing.receiving import received
from exports.importing.unpacking import BadArchive

IMPORTED = answer(
    "Imported",
    number=or_null(ident("the incident here; null where it was only tried")),
    url=or_null(link("its page")),
    origin=anything("where it comes from"),
    alerts=number(),
    comments=number(),
    log_entries=number("of its log of origin, all verified"),
    notes=list_of(text(), "what could not be as it was"),
)


class ArchiveParser(BaseParser):
    """A body that is the archive itself."""

    media_type = "application/zip"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return {"file": stream}


class ImportView(Endpoint):
    """Takes an archive in, as a body of the type application/zip or as the field `file` of a multipart form, and
    answers the incident's number here. `dry_run=1` finds out whether it could be imported and stores nothing.

    400 says what is wrong with the archive, 409 what stands in its way here.
    """

    needs = {"POST": Permission.IMPORT_INCIDENTS}
    keys = {"POST": {"dry_run": word_of(("0", "1"), "1: find out whether it could be imported, and store nothing.")}}
    keyed = ()
    takes = {"POST": upload("the archive", "application/zip")}
    gives = {"POST": {200: IMPORTED, 201: IMPORTED}}
    parser_classes = (MultiPartParser, ArchiveParser)

    def post(self, request: Request) -> Response:
        """Import an archive."""
        word = request.query_params.get("dry_run", "0")
        if word not in ("0", "1"):
            raise exceptions.ValidationError({"dry_run": ["Say 1 to only try it, or 0."]})
        principal = principal_of(request)
        try:
            with received(_sent(request)) as path:
                outcome = import_archive(
                    path,
                    actor=principal.as_actor().through(Channel.API),
                    principal=principal,
                    dry_run=word == "1",
                )
        except BadArchive as bad:
            raise exceptions.ValidationError({"file": [bad.problem]}) from None
        told = {
            "number": outcome.number,
            "url": request.build_absolute_uri(reverse("incidents:overview", args=[outcome.number]))
            if outcome.number is not None
            else None,
            "origin": outcome.origin,
            "alerts": outcome.alerts,
            "comments": outcome.comments,
            "log_entries": outcome.entries,
            "notes": outcome.notes,
        }
        return Response(told, status=status.HTTP_200_OK if outcome.number is None else status.HTTP_201_CREATED)


def _sent(request: Request) -> Any:
    data: Any = request.FILES or request.data
    found = data.get("file")
    if not isinstance(found, UploadedFile) and not hasattr(found, "read"):
        raise exceptions.ValidationError({"file": ["Send the archive as the field `file` of a multipart form."]})
    return found
