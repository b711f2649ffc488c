"""The log of its origin that an imported incident has brought along, as it came."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404
from django.http.response import HttpResponseBase

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from common.file_store import FileChanged, FileMissing
from exports.commands import record_data_export
from exports.views.tables import LOG_TYPE
from incidents.files import store
from incidents.models import ImportedLog
from incidents.views.lookup import incident_or_404


@needs(get=Permission.SEE_SYSTEM_LOG)
def origin_log(request: PersonRequest, number: int, log: UUID) -> HttpResponseBase:
    """To the byte what its archive had, so verify_log.py verifies it."""
    incident = incident_or_404(request, number)
    found = ImportedLog.objects.filter(incident=incident, pk=log).first()
    if found is None:
        raise Http404
    try:
        file = store().open_checked(found.pk, found.sha256, found.size)
    except (FileMissing, FileChanged):
        raise Refused("The file of this log is missing or was changed; nobody is given it.") from None
    if request.method == "GET":
        what = f"the log of origin of #{incident.pk}, #{found.number} there"
        record_data_export(actor=request.user.as_actor(), incident_id=incident.pk, what=what)
    return FileResponse(file, as_attachment=True, filename=f"origin-{found.number}-log.jsonl", content_type=LOG_TYPE)
