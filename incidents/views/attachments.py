"""Attachments: files sent to an incident, and given out again as downloads, or as images that were made anew."""

from __future__ import annotations

from typing import IO, cast
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import Channel
from common.errors import Refused
from incidents.commands import attach, erase_attachment, note_download, remove_attachment
from incidents.commands.attachments import opened
from incidents.commands.looking import record_look
from incidents.files import Damaged, forget, take_in
from incidents.models import Attachment, Incident
from incidents.queries.attachments import plain_attachment
from incidents.views.answers import touched
from incidents.views.lookup import incident_or_404

MOST_AT_ONCE = 20
"""Files of one request."""
ALONE = "default-src 'none'; sandbox"
"""The policy of a file that is shown by itself: it may do nothing and load nothing."""


@needs(post=Permission.EDIT_INCIDENTS)
def attach_to(request: PersonRequest, number: int) -> HttpResponse:
    """Attach the files that were sent; each by itself, so that one that is refused does not take the others with it."""
    incident = incident_or_404(request, number)
    sent = request.FILES.getlist("file")
    added: list[Attachment] = []
    problems: list[str] = []
    if not sent:
        problems.append("Choose a file first. One whose name is nothing but dots or unseen signs has to be renamed.")
    for file in sent[:MOST_AT_ONCE]:
        try:
            added.append(taken(incident, file, request.user))
        except Refused as refused:
            problems.append(refused.problem)
    if len(sent) > MOST_AT_ONCE:
        problems.append(
            f"{MOST_AT_ONCE} files at once are taken; send the other {len(sent) - MOST_AT_ONCE} after them."
        )
    if request.accepts("text/html"):
        for one in added:
            messages.success(request, f"Attached {one.name}")
        for problem in problems:
            messages.error(request, problem)
        return redirect("incidents:activity", number=number)
    files = [{**plain_attachment(each), "is_image": each.is_image} for each in added]
    return JsonResponse({"files": files, "problems": problems}, status=201 if added else 422)


def taken(incident: Incident, file: UploadedFile, principal: Principal, channel: Channel = Channel.PAGE) -> Attachment:
    """Take one file in. Raises Refused with nothing left of it."""
    upload = take_in(file.name or "", cast("IO[bytes]", file.file), file.size or 0)
    try:
        return attach(incident, upload, actor=principal.as_actor(channel))
    except BaseException:
        forget(upload)
        raise


@needs(get=Permission.SEE_INCIDENTS)
def download(request: PersonRequest, number: UUID) -> HttpResponseBase:
    """The file as it is stored, to be saved and never to be opened in the page."""
    try:
        return given(attachment_or_404(request.user, number), request.user)
    except Damaged as damaged:
        return damaged_page(request, damaged)


@needs(get=Permission.SEE_INCIDENTS)
def image(request: PersonRequest, number: UUID) -> HttpResponseBase:
    """An image by itself, as it was made anew."""
    return shown(request, number, small=False)


@needs(get=Permission.SEE_INCIDENTS)
def small(request: PersonRequest, number: UUID) -> HttpResponseBase:
    """The small image that texts and lists show."""
    return shown(request, number, small=True)


@needs(post=Permission.EDIT_INCIDENTS)
def remove(request: PersonRequest, number: UUID) -> HttpResponse:
    """Take a file off its incident."""
    found = attachment_or_404(request.user, number)
    remove_attachment(found, actor=request.user.as_actor(), principal=request.user)
    return _done(request, found, f"Removed {found.name}")


@needs(post=Permission.EMPTY_TEXTS)
def erase(request: PersonRequest, number: UUID) -> HttpResponse:
    """Destroy the bytes of a removed file."""
    found = Attachment.objects.visible_to(request.user).select_related("incident").filter(pk=number).first()
    if found is None:
        raise Http404("There is no such attachment, or you may not see it.")
    erase_attachment(found, request.POST.get("reason", ""), actor=request.user.as_actor())
    return _done(request, found, f"Erased the file of {found.name}")


def attachment_or_404(principal: Principal, number: UUID) -> Attachment:
    """One that is there and that the person or token may see."""
    rows = Attachment.objects.present().visible_to(principal).select_related("incident")
    found = rows.filter(pk=number).first()
    if found is None:
        raise Http404("There is no such attachment, or you may not see it.")
    return found


def given(attachment: Attachment, principal: Principal, channel: Channel = Channel.PAGE) -> HttpResponseBase:
    """The answer with a file to be saved: without a type that a browser would act on. Raises Damaged."""
    actor = principal.as_actor(channel)
    _look(attachment, principal)
    file = opened(attachment, actor=actor)
    if attachment.incident.restricted:
        note_download(attachment, actor=actor)
    answer = FileResponse(file, content_type="application/octet-stream")
    answer["Content-Length"] = str(attachment.size)
    answer["Content-Disposition"] = content_disposition_header(True, attachment.name) or "attachment"
    return alone(answer)


def _look(attachment: Attachment, principal: Principal) -> None:
    if isinstance(principal, User):
        record_look(attachment.incident, principal)


def shown(request: PersonRequest, number: UUID, *, small: bool) -> HttpResponseBase:
    attachment = attachment_or_404(request.user, number)
    if not attachment.is_image:
        raise Http404("This attachment is no image.")
    _look(attachment, request.user)
    tag = f'"{attachment.small_sha256 if small else attachment.sha256}"'
    if request.headers.get("If-None-Match") == tag and attachment.damaged_at is None:
        return alone(HttpResponse(status=304, headers={"ETag": tag}))
    try:
        answer = FileResponse(opened(attachment, actor=request.user.as_actor(), small=small))
    except Damaged as damaged:
        return damaged_page(request, damaged)
    answer["Content-Type"] = attachment.media_type
    answer["ETag"] = tag
    return alone(answer)


def alone(answer: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody but this browser, which asks each time whether it may still show it, and never guesses a type."""
    answer["Cache-Control"] = "private, no-cache"
    answer["Content-Security-Policy"] = ALONE
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _done(request: PersonRequest, attachment: Attachment, text: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect("incidents:activity", number=attachment.incident_id)
    return touched(attachment.incident_id, text)


def damaged_page(request: PersonRequest, damaged: Damaged) -> HttpResponse:
    """What is said instead of a file whose bytes are not those that came."""
    return render(request, "incidents/damaged.html", {"how": str(damaged)}, status=409)
