"""The Manage pane: one incident, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.wording import in_words
from alerts.choices import Determination
from common import failures
from common.errors import Conflict, Refused
from common.marks import tag_mark
from incidents.choices import TagKind
from incidents.commands import apply_changes, assign
from incidents.commands.sight import NotNamed
from incidents.forms.manage import ManageForm
from incidents.models import Incident
from incidents.queries import detail
from incidents.views.answers import chosen_assignee as _chosen
from incidents.views.answers import saved_event as _event
from incidents.views.lookup import incident_or_404
from incidents.views.page import pane_context


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def manage(request: PersonRequest, number: int) -> HttpResponse:
    """Name, severity, tags, assignee, status, note, classification and comment of one incident."""
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect("incidents:manage", number=incident.redirected_to_id)
    if request.method != "POST":
        return _manage_pane(request, incident, ManageForm(incident))
    form = ManageForm(incident, request.POST)
    if not form.is_valid():
        return _manage_pane(request, incident, form, status=422)
    if form.asks_for_classification:
        return _manage_pane(request, incident, form, status=422, asks=True)
    keep_theirs = frozenset(field for field in KEEPABLE if request.POST.get(f"keep_{field}") == "theirs")
    try:
        changes = form.changes(keep_theirs=keep_theirs)
        if not request.user.may(Permission.RESTRICT_INCIDENTS):
            changes = replace(changes, names_assignee=False)
        saved = apply_changes(
            incident,
            changes,
            actor=request.user.as_actor(),
            based_on=form.cleaned_data["version"],
            once=form.cleaned_data["once"],
            batch=(batch := uuid4()),
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        may_name = isinstance(refused, NotNamed) and request.user.may(Permission.RESTRICT_INCIDENTS)
        return _manage_pane(request, incident, form, status=422, may_name=may_name)
    except Conflict as conflict:
        incident = incident_or_404(request, number)
        return _manage_pane(request, incident, form.brought_up_to_date(incident), status=409, conflict=conflict)
    text = f"Saved #{number}" if saved.version != incident.version or changes.comment else "Nothing was changed"
    undo_url = reverse("incidents:undo_save", args=[number, batch]) if saved.version != incident.version else ""
    return _saved(request, incident_or_404(request, number), text, was_open=incident.is_open, undo_url=undo_url)


@needs(post=Permission.EDIT_INCIDENTS)
def assign_to_me(request: PersonRequest, number: int) -> HttpResponse:
    """Take the incident on."""
    incident = incident_or_404(request, number)
    try:
        saved = assign(incident, request.user, actor=request.user.as_actor(), batch=(batch := uuid4()))
    except Refused as refused:
        return failures.answer(request, failures.refused(refused.problem))
    undo_url = reverse("incidents:undo_save", args=[number, batch]) if saved.version != incident.version else ""
    return _saved(request, incident_or_404(request, number), f"#{number} is yours", undo_url=undo_url)


KEEPABLE = ("name", "severity", "tags", "assignee", "status", "resolution_note", "classification", "due")
NAMES_IN_FORMS = {"due_at": "due"}
"""Fields that forms call otherwise than the log does."""
LABELS = {
    "name": "Name",
    "title": "Title",
    "description": "Description",
    "state": "State",
    "closing_note": "Closing note",
    "due_at": "Due",
    "severity": "Severity",
    "tags": "Tags",
    "assignee": "Assigned to",
    "status": "Status",
    "resolution_note": "Resolution note",
    "classification": "Classification",
}


def _manage_pane(
    request: PersonRequest,
    incident: Incident,
    form: ManageForm,
    *,
    status: int = 200,
    asks: bool = False,
    may_name: bool = False,
    conflict: Conflict | None = None,
) -> HttpResponse:
    shown = ("name", "severity", "status", "resolution_note", "classification", "assignee", "due")
    context: dict[str, Any] = {
        "incident": detail.header(incident),
        "form": form,
        "was": form.initial,
        "version": conflict.version if conflict else form["version"].value(),
        "assignee": _chosen(form["assignee"].value()),
        "chosen_tags": chosen_tags(form["tags"].value()),
        "asks": asks,
        "may_name": may_name,
        "automatic_name": incident.automatic_name if incident.name_is_manual else "",
        "in_pane": bool(request.htmx),
        "once": form["once"].value() or uuid4(),
        "number": str(incident.pk),
    }
    if asks:
        form.fields["classification"].widget.attrs["data-focus"] = True
    if form.is_bound and not conflict:
        context["was"] = {field: form.data.get(f"was_{field}", "") for field in shown} | {
            "tags": form.sent.getlist("was_tags")
        }
    if conflict:
        context["conflict_by"] = ", ".join(dict.fromkeys(each.changed_by for each in conflict.conflicts))
        context["conflicts"] = in_both_words(conflict)
    template = "incidents/manage.html#pane" if request.htmx else "incidents/manage.html"
    return render(request, template, context, status=status)


def in_both_words(conflict: Conflict) -> list[dict[str, str]]:
    """Each field in conflict with both values as people read them; a classification with its determination."""
    found = {each.field: each for each in conflict.conflicts}
    determination = found.pop("determination", None)
    if determination and "classification" not in found:
        found["classification"] = determination
    words = []
    for name, each in found.items():
        theirs, mine = in_words(each.theirs, each.field), in_words(each.mine, each.field)
        if name == "classification" and determination and determination is not each:
            theirs += _after_comma(determination.theirs)
            mine += _after_comma(determination.mine)
        words.append(
            {
                "name": NAMES_IN_FORMS.get(name, name),
                "label": LABELS[name],
                "theirs": theirs or "Nothing",
                "yours": mine or "Nothing",
            }
        )
    return words


def _after_comma(determination: str) -> str:
    return "" if determination == Determination.NOT_SET else f", {in_words(determination, 'determination').lower()}"


def chosen_tags(names: Sequence[str] | None) -> list[dict[str, Any]]:
    """A tag field's present values with their marks."""
    return [{"value": name, "label": name, "mark": tag_mark(name, TagKind.CUSTOM)} for name in names or []]


def _saved(
    request: PersonRequest, incident: Incident, text: str, *, was_open: bool = False, undo_url: str = ""
) -> HttpResponse:
    """After a save: the pane shows the incident as it is now, and the list or page beside it is told; of what has just
    been resolved, too, so that the next one comes in front."""
    if not request.htmx:
        messages.success(request, text, extra_tags=f"manage-{incident.pk} comment-{incident.pk}")
        return redirect("incidents:overview", number=incident.pk)
    resolved = incident.pk if was_open and not incident.is_open else None
    response = render(request, "incidents/pane.html", pane_context(request, incident))
    return _event(response, text, resolved=resolved, undo_url=undo_url)
