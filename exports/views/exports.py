"""Exporting an incident: asking for a file, seeing how far it is, having it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import Channel
from common.errors import Refused
from exports.choices import Format
from exports.commands import at_hand, put_away, record_download, request_export
from exports.files import NotMade, opened
from exports.forms import ReportForm, usual_options
from exports.models import ExportRequest, IncidentExport
from exports.options import ReportOptions
from exports.queries.exports import LISTED, requests_of, shown, shown_at
from exports.rendering import missing_for_pdf
from exports.rights import rights_of
from exports.tasks import announce
from incidents.commands.looking import record_look
from incidents.models import Incident
from incidents.views.lookup import incident_or_404


@needs(get=Permission.EXPORT)
def exports(request: PersonRequest) -> HttpResponse:
    """The person's own exports, the latest first."""
    rows = [shown(each.export, each.asked_at) for each in requests_of(request.user)[:LISTED]]
    context = {"rows": rows, "may_import": request.user.may(Permission.IMPORT_INCIDENTS)}
    return render(request, "exports/exports.html#rows" if request.htmx else "exports/exports.html", context)


@needs(get=Permission.EXPORT, post=Permission.EXPORT)
def export_pdf(request: PersonRequest, number: int) -> HttpResponse:
    """What the report shall hold; posted, it is made, or given where the very same is at hand."""
    incident = incident_or_404(request, number)
    if request.method != "POST":
        return _dialog(request, incident, ReportForm(request.user))
    form = ReportForm(request.user, request.POST)
    if not form.is_valid():
        return _dialog(request, incident, form, status=422)
    try:
        return _asked(request, incident, Format.PDF, form.options(), anew=request.POST.get("anew") == "1")
    except Refused as refused:
        form.add_error("parts" if refused.field == "parts" else None, refused.problem)
        return _dialog(request, incident, form, status=422)


@needs(post=Permission.SEE_SYSTEM_LOG)
def archive(request: PersonRequest, number: int) -> HttpResponse:
    """Have all that the incident holds made into an archive."""
    return _asked(request, incident_or_404(request, number), Format.ARCHIVE, None)


@needs(get=Permission.EXPORT)
def file_at_hand(request: PersonRequest, number: int) -> HttpResponse:
    """Whether what the form says now is at hand already."""
    incident = incident_or_404(request, number)
    form = ReportForm(request.user, request.GET)
    options = form.options() if form.is_valid() else None
    return render(request, "exports/export_pdf.html#at_hand", _at_hand(request, incident, options))


@needs(get=Permission.EXPORT)
def state(request: PersonRequest, number: int) -> HttpResponse:
    """How far the person's exports of this incident are, for the place under its title."""
    return _state(request, incident_or_404(request, number))


@needs(get=Permission.EXPORT)
def one(request: PersonRequest, export_id: UUID, part: str) -> HttpResponse:
    """One export as a part of some page shows it: under its incident's title, in the list, or at the foot of any page
    as soon as it is ready or has failed. It asks by itself, so that nothing beside it is drawn anew."""
    own = own_or_404(export_id, request.user)
    return render(request, part, {"shown": shown(own.export, own.asked_at)})


@needs(post=Permission.EXPORT)
def again(request: PersonRequest, export_id: UUID) -> HttpResponse:
    """Ask once more for one that failed or expired, with the same choices."""
    export = own_or_404(export_id, request.user).export
    incident = incident_or_404(request, export.incident_id)
    options = export.report_options if export.options else None
    return _asked(request, incident, Format(export.format), options)


@needs(post=Permission.EXPORT)
def dismiss(request: PersonRequest, export_id: UUID) -> HttpResponse:
    """Show an export no longer under the incident's title."""
    export = own_or_404(export_id, request.user).export
    put_away(export, request.user)
    if not request.htmx:
        return redirect("incidents:overview", number=export.incident_id)
    return _state(request, export.incident)


@needs(get=Permission.EXPORT)
def download(request: PersonRequest, export_id: UUID) -> HttpResponseBase:
    """The file, to whoever asked for it and would still be given the same."""
    export = own_or_404(export_id, request.user).export
    try:
        return given(export, request.user, head=request.method == "HEAD")
    except NotMade as problem:
        messages.error(request, str(problem))
        return redirect("exports:exports")


def given(
    export: IncidentExport, principal: Principal, channel: Channel = Channel.PAGE, *, head: bool = False
) -> HttpResponseBase:
    """The answer with the file of an export, recorded before its first byte leaves. Raises NotMade where it is not to
    be had, and Http404 for whoever has lost the rights it was made with."""
    if not export.is_ready:
        raise NotMade(f"This export has no file now: {_why_not(export)}.")
    if rights_of(principal) != export.rights:
        raise NotMade("Your rights have changed since this file was made; export the incident again.")
    if isinstance(principal, User):
        record_look(export.incident, principal)
    file = opened(export)
    content_type = "application/pdf" if export.format == Format.PDF else "application/zip"
    if head:
        file.close()
        answer: HttpResponseBase = HttpResponse(content_type=content_type)
    else:
        record_download(export, actor=principal.as_actor(channel))
        answer = FileResponse(file, content_type=content_type)
    answer["Content-Length"] = str(export.size)
    answer["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    answer["Cache-Control"] = "private, no-store"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # Source: RFC 9530, section 3.
    answer["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(export.sha256)).decode()}:"
    return answer


def _why_not(export: IncidentExport) -> str:
    if not export.is_over:
        return "it is still being made"
    return "it has expired" if export.is_expired else "it failed"


def _state(request: PersonRequest, incident: Incident) -> HttpResponse:
    context = {"exports": shown_at(incident, request.user), "number": incident.pk}
    return render(request, "exports/state.html", context)


def own_or_404(export_id: UUID, principal: Principal) -> ExportRequest:
    """That this person or token asked for the export, of an incident that they may see; others' do not exist."""
    found = requests_of(principal).filter(export=export_id).first()
    if found is None:
        raise Http404("There is no such export of yours.")
    return found


def _asked(
    request: PersonRequest, incident: Incident, format: Format, options: ReportOptions | None, *, anew: bool = False
) -> HttpResponse:
    """Have it made, and answer with how far it is."""
    export = request_export(incident, format, options, principal=request.user, anew=anew)
    if not export.is_over:
        transaction.on_commit(lambda: announce(export.pk))
    if not request.htmx:
        text = "It is ready." if export.is_ready else "It is being made; it stands here when it is ready."
        messages.success(request, text)
        return redirect("exports:exports")
    text = f"{Format(format).label} of #{incident.pk} is {'ready' if export.is_ready else 'being made'}"
    events: dict[str, Any] = {"watchfloor:export": {}}
    if export.is_ready:
        events["watchfloor:toast"] = {
            "text": text,
            "kind": "success",
            "more_url": reverse("exports:download", args=[export.pk]),
            "more_label": "Download",
        }
    else:
        events["watchfloor:toast"] = {"text": text, "kind": "info"}
        events["watchfloor:job"] = {"url": reverse("exports:notice", args=[export.pk])}
    # Last: events are told by the form, which goes with the pane.
    events["watchfloor:close-pane"] = {}
    answer = HttpResponse("")
    answer["HX-Trigger"] = json.dumps(events)
    return answer


def _dialog(request: PersonRequest, incident: Incident, form: ReportForm, *, status: int = 200) -> HttpResponse:
    options = usual_options(request.user) if not form.is_bound else form.options() if form.is_valid() else None
    context = {
        "incident": incident,
        "form": form,
        "in_pane": bool(request.htmx),
        "may_archive": request.user.may(Permission.SEE_SYSTEM_LOG),
        "missing": missing_for_pdf(),
        "exports": shown_at(incident, request.user),
        **_at_hand(request, incident, options),
    }
    template = "exports/export_pdf.html#pane" if request.htmx else "exports/export_pdf.html"
    return render(request, template, context, status=status)


def _at_hand(request: PersonRequest, incident: Incident, options: ReportOptions | None) -> dict[str, Any]:
    """What would be given at once for these choices, if anything."""
    found = at_hand(incident, Format.PDF, options, request.user) if options else None
    return {
        "at_hand": shown(found, found.created_at) if found else None,
        "incident": incident,
        "cache_minutes": round(settings.EXPORT_CACHE_TIME.total_seconds() / 60),
    }
