"""The tabs Assets and Evidence of the incident page, and what people do there: judge, add by hand, take out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.wording import in_words
from common import failures
from common.errors import Refused
from common.pagination import BadCursor
from common.query_strings import UnknownKeys
from entities.choices import ASSET_KINDS
from entities.models import Entity
from incidents.commands import add_evidence, judge_evidence, remove_evidence
from incidents.commands.evidence import EvidenceConflict
from incidents.forms.evidence import AddForm, JudgeForm, read_leave
from incidents.models import Incident
from incidents.queries.evidence import chosen_entities, evidence_list, preview
from incidents.queries.evidence_asked import BadQuestion
from incidents.rules import MOST_JUDGED
from incidents.views.answers import saved_event
from incidents.views.frame import page_context, tab_refused
from incidents.views.lookup import incident_or_404

LABELS = {"verdict": "Verdict", "remediation_status": "Remediation status"}


@needs(get=Permission.SEE_INCIDENTS)
def assets(request: PersonRequest, number: int) -> HttpResponse:
    """The devices, users, mailboxes, apps and cloud resources that its alerts are about, by type."""
    return _tab(request, number, "assets", of_assets=True)


@needs(get=Permission.SEE_INCIDENTS)
def evidence(request: PersonRequest, number: int) -> HttpResponse:
    """Everything else that its alerts name, by type: files, processes, addresses, messages."""
    return _tab(request, number, "evidence", of_assets=False)


def _tab(request: PersonRequest, number: int, tab: str, *, of_assets: bool) -> HttpResponse:
    incident = incident_or_404(request, number)
    if incident.redirected_to_id:
        return redirect(f"incidents:{tab}", number=incident.redirected_to_id)
    path = reverse(f"incidents:{tab}", args=[incident.pk])
    try:
        found = evidence_list(incident, request.GET, request.user, path=path, of_assets=of_assets)
    except (UnknownKeys, BadQuestion, BadCursor) as error:
        return tab_refused(request, incident, tab, error)
    context = page_context(request, incident, tab) | {"list": found, "path": path}
    return render(request, f"incidents/{tab}.html", context)


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def judge(request: PersonRequest, number: int) -> HttpResponse:
    """Verdict and remediation status of the chosen entities within the incident."""
    incident = incident_or_404(request, number)
    entities = _chosen(request, incident)
    if request.method != "POST":
        return _judging(request, incident, entities, JudgeForm(initial={"version": incident.version}))
    form = JudgeForm(request.POST)
    if not form.is_valid():
        return _judging(request, incident, entities, form, status=422)
    batch, leave = uuid4(), read_leave(request.POST)
    try:
        changed = judge_evidence(
            incident,
            [entity.pk for entity in entities],
            form.judgement(),
            actor=request.user.as_actor(),
            based_on=form.cleaned_data["version"],
            leave=leave,
            batch=batch,
        )
    except Refused as refused:
        form.add_error(None, refused.problem)
        return _judging(request, incident, entities, form, status=422)
    except EvidenceConflict as conflict:
        return _judging(request, incident, entities, form, status=409, conflict=conflict)
    text = f"Judged {_pieces(changed)}" if changed else "Nothing was changed"
    undo_url = reverse("incidents:undo_save", args=[number, batch]) if changed else ""
    return _saved(request, incident, entities, text, undo_url=undo_url)


@needs(get=Permission.EDIT_INCIDENTS, post=Permission.EDIT_INCIDENTS)
def add(request: PersonRequest, number: int) -> HttpResponse:
    """Evidence by hand: first what is recognised in the text is shown, then what is chosen of it is added."""
    incident = incident_or_404(request, number)
    if request.method != "POST":
        return _adding(request, incident, AddForm())
    form = AddForm(request.POST)
    if not form.is_valid():
        return _adding(request, incident, form, status=422)
    items = form.found()
    if "add" not in request.POST:
        return _adding(request, incident, form, shown=preview(incident, items))
    chosen = form.chosen()
    if not chosen:
        form.add_error(None, "Choose at least one of what was recognised.")
        return _adding(request, incident, form, shown=preview(incident, items), status=422)
    try:
        added = add_evidence(
            incident,
            [one.identity(f"incident:{incident.pk}") for one in chosen],
            actor=request.user.as_actor(),
            verdict=form.verdict(),
            note=form.cleaned_data["note"],
        )
    except Refused as refused:
        form.add_error("note" if refused.field == "note" else None, refused.problem)
        return _adding(request, incident, form, shown=preview(incident, items), status=422)
    text = f"Added {_pieces(added)}" if added else "All of this is evidence here already"
    return _saved(request, incident, [], text, is_asset=all(one.kind in ASSET_KINDS for one in chosen))


@needs(post=Permission.EDIT_INCIDENTS)
def remove(request: PersonRequest, number: int) -> HttpResponse:
    """Take entities that somebody added by hand out of the evidence."""
    incident = incident_or_404(request, number)
    entities = _chosen(request, incident)
    try:
        removed = remove_evidence(incident, [entity.pk for entity in entities], actor=request.user.as_actor())
    except Refused as refused:
        return failures.answer(request, failures.refused(refused.problem))
    text = f"Took {_pieces(removed)} out" if removed else "Only what was added by hand can be taken out"
    return _saved(request, incident, entities, text, kind="success" if removed else "warning")


def _chosen(request: PersonRequest, incident: Incident) -> list[Entity]:
    """The entities that the form names, which are all the incident's."""
    words = request.POST.getlist("entity") or request.GET.getlist("entity")
    words = [word for text in words for word in text.split(",") if word]
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not words or len(words) > MOST_JUDGED or not are_numbers:
        raise Http404(f"Choose 1 to {MOST_JUDGED} pieces of evidence.")
    numbers = {int(word) for word in words}
    found = chosen_entities(incident, numbers)
    if len(found) != len(numbers):
        raise Http404("One of these is no evidence of this incident.")
    return found


def _judging(
    request: PersonRequest,
    incident: Incident,
    entities: Sequence[Entity],
    form: JudgeForm,
    *,
    status: int = 200,
    conflict: EvidenceConflict | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "incident_number": incident.pk,
        "names": [entity.name for entity in entities],
        "chosen": ",".join(str(entity.pk) for entity in entities),
        "form": form,
        "version": conflict.version if conflict else form["version"].value(),
        "back_url": _back(incident, entities),
        "in_pane": bool(request.htmx),
    }
    if conflict:
        context["conflict_by"] = ", ".join(dict.fromkeys(each.changed_by for each in conflict.conflicts))
        context["conflicts"] = [
            {
                "name": each.field,
                "label": f"{LABELS[each.field]} of {_pieces(len(conflict.entities[each.field]))}",
                "theirs": in_words(each.theirs, each.field),
                "yours": in_words(each.mine, each.field),
            }
            for each in conflict.conflicts
        ]
        context["theirs"] = [
            (f"theirs_{name}", ",".join(map(str, sorted(numbers)))) for name, numbers in conflict.entities.items()
        ]
    template = "incidents/judge_evidence.html#pane" if request.htmx else "incidents/judge_evidence.html"
    return render(request, template, context, status=status)


def _adding(
    request: PersonRequest,
    incident: Incident,
    form: AddForm,
    *,
    shown: Sequence[dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "incident_number": incident.pk,
        "form": form,
        "shown": shown,
        "new": sum(not each["is_there"] for each in shown or ()),
        "back_url": reverse("incidents:evidence", args=[incident.pk]),
        "in_pane": bool(request.htmx),
    }
    template = "incidents/add_evidence.html#pane" if request.htmx else "incidents/add_evidence.html"
    return render(request, template, context, status=status)


def _pieces(number: int) -> str:
    return f"{number} piece{'s' if number != 1 else ''} of evidence"


def _back(incident: Incident, entities: Sequence[Entity], *, is_asset: bool = False) -> str:
    """The tab that shows these."""
    is_asset = is_asset or (bool(entities) and all(entity.kind in ASSET_KINDS for entity in entities))
    return reverse("incidents:assets" if is_asset else "incidents:evidence", args=[incident.pk])


def _saved(
    request: PersonRequest,
    incident: Incident,
    entities: Sequence[Entity],
    text: str,
    *,
    undo_url: str = "",
    kind: str = "success",
    is_asset: bool = False,
) -> HttpResponse:
    """After an act: the pane closes and the tab shows itself anew."""
    if not request.htmx:
        messages.success(request, text)
        return redirect(_back(incident, entities, is_asset=is_asset))
    return saved_event(HttpResponse(""), text, close_pane=True, undo_url=undo_url, unselect=True, kind=kind)
