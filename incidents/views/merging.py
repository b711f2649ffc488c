"""Merging incidents: choosing them, seeing what it comes to, and doing it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Refused
from incidents.commands import merge as merge_incidents
from incidents.commands.merging import Blocked
from incidents.forms.merging import MergeForm, read_numbers
from incidents.models import Incident
from incidents.queries import merging as queries
from incidents.views.answers import saved_event


@needs(get=Permission.MERGE_INCIDENTS, post=Permission.MERGE_INCIDENTS)
def merge(request: PersonRequest) -> HttpResponse:
    """The incidents that are to be one, with what that comes to; posted, it is done."""
    if request.method != "POST":
        return _pane(request, MergeForm(request.GET))
    form = MergeForm(request.POST)
    if request.POST.get("step") == "preview":
        return _pane(request, form)
    if not form.is_valid():
        return _pane(request, form, status=422)
    incidents, target = _found(request, form)
    if target is None or len(incidents) < 2:
        return _pane(request, form, status=422)
    try:
        merged = merge_incidents(
            target,
            [each for each in incidents if each.pk != target.pk],
            actor=request.user.as_actor(),
            reason=form.cleaned_data["reason"],
            choice=form.choice(),
            principal=request.user,
            batch=(batch := uuid4()),
        )
    except Blocked:
        return _pane(request, form, status=422)
    except Refused as refused:
        form.add_error("reason" if refused.field == "reason" else None, refused.problem)
        return _pane(request, form, status=422)
    return _merged(request, merged, len(incidents) - 1, reverse("incidents:unmerge_all", args=[target.pk, batch]))


@needs(post=Permission.MERGE_INCIDENTS)
def preview(request: PersonRequest) -> HttpResponse:
    """What the form, as it is filled in now, would come to."""
    form = MergeForm(request.POST)
    form.is_valid()
    return render(request, "incidents/merge.html#what", _context(request, form))


@needs(get=Permission.SEE_INCIDENTS)
def suggest(request: PersonRequest) -> HttpResponse:
    """Options of a field that names incidents: open ones, by number or by words."""
    try:
        without = read_numbers(request.GET.getlist("chosen") + request.GET.getlist("not"))
    except ValidationError:
        without = []
    found = queries.suggested(request.GET.get("q", ""), request.user, without)
    options = [
        {
            "value": str(each.pk),
            "label": f"#{each.pk} {each.name}",
            "hint": "",
            "mark": "",
        }
        for each in found
    ]
    groups = [{"label": "", "options": options}]
    empty = "" if options else "No open incident fits"
    return render(request, "components/combobox_options.html", {"groups": groups, "empty": empty})


def _found(request: PersonRequest, form: MergeForm) -> tuple[list[Incident], Incident | None]:
    """The chosen incidents that the person may see, and the target among them: of several the earliest, if none was
    named."""
    incidents = queries.chosen(form.chosen_numbers(), request.user)
    wanted = form.cleaned_data.get("target")
    target = next((each for each in incidents if each.pk == wanted), incidents[0] if incidents else None)
    return incidents, target


def _context(request: PersonRequest, form: MergeForm) -> dict[str, Any]:
    incidents, target = _found(request, form)
    found = queries.preview(incidents, target, form.choice())
    missing = set(form.chosen_numbers()) - {each.pk for each in incidents}
    reads_all = request.POST.get("all") == "1" or request.GET.get("all") == "1"
    return {
        "form": form,
        "preview": found,
        "numbers": [each.pk for each in incidents],
        "target": target,
        "missing": ", ".join(f"#{number}" for number in sorted(missing)),
        "chose_all": reads_all,
        "is_ready": not found.blocks and not missing,
        "in_pane": bool(request.htmx),
        "suggest_url": f"{reverse('incidents:suggest_incidents')}?not={','.join(str(each.pk) for each in incidents)}",
    }


def _pane(request: PersonRequest, form: MergeForm, *, status: int = 200) -> HttpResponse:
    form.is_valid()
    if request.method != "POST" or request.POST.get("step") == "preview":
        form.errors.pop("reason", None)
    template = "incidents/merge.html#pane" if request.htmx else "incidents/merge.html"
    return render(request, template, _context(request, form), status=status)


def _merged(request: PersonRequest, target: Incident, sources: int, undo_url: str) -> HttpResponse:
    """After it: the queue shows the target, a page that was merged away becomes the target's."""
    text = f"{sources} incident{'' if sources == 1 else 's'} merged into #{target.pk}"
    url = reverse("incidents:overview", args=[target.pk])
    present = request.htmx.current_url_abs_path if request.htmx else ""
    if not request.htmx or _shows_one(present or ""):
        messages.success(request, text)
        if not request.htmx:
            return redirect(url)
        response = HttpResponse("")
        response["HX-Redirect"] = url
        return response
    return saved_event(HttpResponse(""), text, close_pane=True, more_url=url, undo_url=undo_url, unselect=True)


def _shows_one(path: str) -> bool:
    """Whether this is the page of one incident, rather than the queue."""
    part = path.partition("?")[0].removeprefix(reverse("incidents:queue")).strip("/").split("/")[0]
    return part.isdigit()
