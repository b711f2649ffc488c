"""Importing in the browser: the page for it, and the log of its origin that an imported incident has brought along."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from common.file_store import FileChanged, FileMissing
from exports.commands import record_data_export
from exports.importing.bringing import Outcome, import_archive
from exports.importing.forms import ImportForm
from exports.importing.receiving import received
from exports.views.tables import LOG_TYPE
from incidents.files import store
from incidents.models import ImportedLog
from incidents.views.lookup import incident_or_404


@needs(get=Permission.IMPORT_INCIDENTS, post=Permission.IMPORT_INCIDENTS)
def import_page(request: PersonRequest) -> HttpResponse:
    """Choose an archive; posted, it is only tried, or imported where the button said so."""
    if request.method != "POST":
        return _form(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form, status=422)
    sent = form.cleaned_data["file"]
    try:
        with received(sent) as path:
            outcome = import_archive(
                path,
                actor=request.user.as_actor(),
                principal=request.user,
                dry_run=request.POST.get("act") != "import",
            )
    except Refused as refused:
        form.add_error("file", refused.problem)
        return _form(request, form, status=422)
    if outcome.number is None or outcome.notes:
        return _form(request, form, outcome=outcome, file_name=sent.name)
    return _imported(request, outcome)


def _form(request: PersonRequest, form: ImportForm, *, status: int = 200, **told: Any) -> HttpResponse:
    """The form, with what came of the archive; where that left notes, they want reading before one goes on."""
    template = "exports/import.html#form" if request.htmx else "exports/import.html"
    return render(request, template, {"form": form, **told}, status=status)


def _imported(request: PersonRequest, outcome: Outcome) -> HttpResponse:
    """Nothing is otherwise than it was there, so the incident is what comes next."""
    messages.success(request, f"Imported {outcome.origin} as #{outcome.number}")
    url = reverse("incidents:overview", args=[outcome.number])
    return HttpResponse(headers={"HX-Redirect": url}) if request.htmx else redirect(url)


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
