"""Exports in the states that tests are about."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Principal, User
from common.jobs import JobState
from exports import files
from exports.choices import Format
from exports.commands import claim, finish_export, request_export
from exports.models import ExportRequest, IncidentExport
from exports.options import ReportOptions
from exports.rights import rights_of
from incidents.models import Incident

CONTENT = b"%PDF-1.7 what was made"


def asked(
    incident: Incident, principal: Principal, options: ReportOptions | None = None, *, anew: bool = False
) -> IncidentExport:
    """A report that somebody has asked for."""
    return request_export(incident, Format.PDF, options or ReportOptions(), principal=principal, anew=anew)


def finished(export: IncidentExport, content: bytes = CONTENT) -> IncidentExport:
    """The same as it is when a worker has made it."""
    taken = claim(export.pk)
    assert taken is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        done = finish_export(taken, files.keep(path, pages=3), actor=taken.as_actor())
    assert done is not None
    return done


def kept_export(incident: Incident, user: User, number: UUID) -> IncidentExport:
    """A report that is ready, of a person who need not see the incident."""
    stored = files.store().write(file := uuid4(), [CONTENT])
    now = timezone.now()
    export = IncidentExport.objects.create(
        id=number,
        incident=incident,
        user=user,
        format=Format.PDF,
        options=ReportOptions().as_json(),
        key=str(number),
        rights=rights_of(user),
        sequence=0,
        state=JobState.DONE,
        file=file,
        size=stored.size,
        sha256=stored.sha256,
        finished_at=now,
        expires_at=now + timedelta(hours=1),
    )
    ExportRequest.objects.create(export=export, user=user)
    return export
