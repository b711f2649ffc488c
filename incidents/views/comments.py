"""Comments: writing one, changing it, its history, and how a text will look."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.models import Entry
from activity.queries import stream
from common.characters import length_problem
from common.difference import difference
from common.errors import Conflict, Refused
from incidents.commands import add_comment, edit_comment, remove_comment
from incidents.forms.comments import CommentForm, EditCommentForm
from incidents.models import Incident
from incidents.queries import detail
from incidents.queries.texts import rendered, renderer
from incidents.queries.versions import Text, text_of
from incidents.rules import LONGEST_NOTE
from incidents.views.answers import saved_event, with_toast
from incidents.views.frame import page_context
from incidents.views.lookup import incident_or_404
from incidents.views.page import new_comment


@needs(post=Permission.EDIT_INCIDENTS)
def comment(request: PersonRequest, number: int) -> HttpResponse:
    """Add a comment to the incident's log."""
    incident = incident_or_404(request, number)
    form = CommentForm(incident, request.POST)
    if form.is_valid():
        try:
            once = form.cleaned_data["once"]
            add_comment(incident, form.cleaned_data["text"], actor=request.user.as_actor(), once=once)
        except Refused as refused:
            form.add_error("text", refused.problem)
    if form.errors:
        context = {"comment_form": form, "incident": detail.header(incident)}
        return render(request, "incidents/activity.html#comment_box", context, status=422)
    if not request.htmx:
        messages.success(request, "Comment added", extra_tags=f"comment-{number}")
        return redirect("incidents:activity", number=number)
    context = {"comment_form": new_comment(incident), "incident": detail.header(incident)}
    return saved_event(render(request, "incidents/activity.html#comment_box", context), "Comment added")


@needs(get=Permission.SEE_INCIDENTS)
def text(request: PersonRequest, number: int, sequence: int) -> HttpResponse:
    """One text of the log, whole, with every version of it; to HTMX, a comment as it stands in the activity."""
    incident = incident_or_404(request, number)
    found = text_or_404(request, incident, sequence)
    if request.htmx and found.is_comment:
        return _in_its_place(request, incident, found.entry)
    context = page_context(request, incident, "activity") | {
        "text": found,
        "title": "Comment" if found.is_comment else found.entry.registered_verb.label,
        "activity_url": _place(found.entry),
    }
    context["may_empty"] = request.user.may(Permission.EMPTY_TEXTS)
    context["may_change"] = context["may_edit"] and may_change(request, found)
    return render(request, "incidents/text.html", context)


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def edit(request: PersonRequest, number: int, sequence: int) -> HttpResponse:
    """Write a comment anew, in its place or on a page of its own."""
    incident = incident_or_404(request, number)
    found = changeable_or_404(request, incident, sequence)
    if request.method != "POST":
        start = (found.latest.body.text or "") if found.latest.body else ""
        return _editing(request, incident, found, EditCommentForm(found.entry, text=start, version=found.latest.pk))
    form = EditCommentForm(found.entry, request.POST)
    if not form.is_valid():
        return _editing(request, incident, found, form, status=422)
    new, version = form.cleaned_data["text"], form.cleaned_data["version"]
    actor = request.user.as_actor()
    try:
        edit_comment(incident, found.entry, new, actor=actor, principal=request.user, based_on=version)
    except Refused as refused:
        form.add_error("text", refused.problem)
        return _editing(request, incident, found, form, status=422)
    except Conflict as conflict:
        data = request.POST.copy()
        data["version"] = str(conflict.version)
        again = EditCommentForm(found.entry, data)
        return _editing(request, incident, found, again, status=409, conflict=conflict)
    return _changed(request, incident, found.entry, "Comment saved")


@needs(post=Permission.EDIT_INCIDENTS)
def remove(request: PersonRequest, number: int, sequence: int) -> HttpResponse:
    """Take a comment off the page; its history tells of it."""
    incident = incident_or_404(request, number)
    found = changeable_or_404(request, incident, sequence)
    remove_comment(incident, found.entry, actor=request.user.as_actor(), principal=request.user)
    return _changed(request, incident, found.entry, "Comment removed")


def text_or_404(request: PersonRequest, incident: Incident, sequence: int) -> Text:
    found = text_of(incident, sequence, request.user)
    if found is None:
        raise Http404("There is no such text.")
    return found


def may_change(request: PersonRequest, found: Text) -> bool:
    is_there = found.is_comment and not found.is_removed
    return is_there and (found.is_own or request.user.may(Permission.MODERATE_COMMENTS))


def changeable_or_404(request: PersonRequest, incident: Incident, sequence: int) -> Text:
    """A comment that the person may change. Raises PermissionDenied for somebody else's, Refused for one that is
    gone."""
    found = text_or_404(request, incident, sequence)
    if found.is_removed:
        raise Refused("The comment was removed meanwhile.", field="comment")
    if not found.is_comment:
        raise Http404("There is no such comment.")
    if not may_change(request, found):
        raise PermissionDenied
    return found


def _editing(
    request: PersonRequest,
    incident: Incident,
    found: Text,
    form: EditCommentForm,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = {"incident": detail.header(incident), "text": found, "form": form, "in_place": bool(request.htmx)}
    if conflict:
        (theirs,) = conflict.conflicts
        context |= {"theirs": theirs, "pieces": difference(str(theirs.mine), str(theirs.theirs or ""))}
    if not request.htmx:
        context |= page_context(request, incident, "activity")
    template = "incidents/edit_comment.html#form" if request.htmx else "incidents/edit_comment.html"
    return render(request, template, context, status=status)


def _changed(request: PersonRequest, incident: Incident, comment: Entry, text: str) -> HttpResponse:
    """After a change: the comment as it stands, in its place."""
    if not request.htmx:
        messages.success(request, text, extra_tags=f"comment-edit-{incident.pk}-{comment.sequence}")
        return redirect(_place(comment))
    return with_toast(_in_its_place(request, incident, comment), text)


def _place(entry: Entry) -> str:
    return f"{reverse('incidents:activity', args=[entry.incident_id])}#entry-{entry.sequence}"


def _in_its_place(request: PersonRequest, incident: Incident, comment: Entry) -> HttpResponse:
    """A comment as it stands in the activity."""
    shown = stream(
        incident.pk,
        content="comments",
        before=comment.pk + 1,
        actor_id=request.user.pk,
        size=1,
        rendered=renderer(request.user),
    )
    context = {
        "line": shown.lines[0],
        "incident": detail.header(incident),
        "may_edit": request.user.may(Permission.EDIT_INCIDENTS),
        "moderates": request.user.may(Permission.MODERATE_COMMENTS),
    }
    return render(request, "incidents/comment.html", context)


@needs(post=Permission.EDIT_INCIDENTS)
def preview_text(request: PersonRequest) -> HttpResponse:
    """How a text will look to the person who writes it: the same HTML as it has once it is sent."""
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\x00", "\ufffd").strip()
    problem = length_problem(text, LONGEST_NOTE)
    if problem:
        return HttpResponse(problem, status=422, content_type="text/plain; charset=utf-8")
    return HttpResponse(rendered([text], request.user)[0])
