"""Managing many incidents: which ones, what would change, and doing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.snapshots import is_snapshot
from common.errors import Refused
from common.jobs import JobState
from common.query_strings import UnknownKeys
from incidents.changes import Changes
from incidents.commands import prepare_act, start_act
from incidents.commands.manage import check_for_any
from incidents.forms.manage import ManageManyForm
from incidents.models import BulkAct, Incident
from incidents.queries import bulk as queries
from incidents.queries.queue import asked
from incidents.views.acts import begun
from incidents.views.answers import chosen_assignee
from incidents.views.manage import chosen_tags

MOST_CHOSEN = 1_500
"""Incidents chosen one by one; more are chosen as all that match."""
FIELDS = {"until": "snooze_until", "tags": "add_tags"}
"""Fields that this form calls otherwise than rules do."""
NAMED = 100
"""Of the chosen ones, how many the pane names."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The incidents that a form is about: a draft's, or those named one by one."""

    rows: QuerySet[Incident]
    total: int
    numbers: Sequence[int] = ()
    draft: BulkAct | None = None


@needs(get=Permission.BULK_EDIT, post=Permission.BULK_EDIT)
def manage_many(request: PersonRequest) -> HttpResponse:
    """The same changes on several incidents: the form, and doing it."""
    selection = selected(request, request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return _pane(request, selection, _empty_form())
    form = ManageManyForm(request.POST)
    if not form.is_valid():
        return _pane(request, selection, form, status=422)
    if request.POST.get("step") == "preview":
        return _pane(request, selection, form)
    seen = request.POST.get("seen", "")
    if seen and not is_snapshot(seen):
        raise Http404("The form says nothing sensible about when it was opened; open it anew.")
    changes = form.changes()
    if _asks_for_classification(request, selection, changes):
        return _pane(request, selection, form, status=422, asks=True)
    try:
        act = _started(request, selection, changes, seen)
    except Refused as refused:
        field = FIELDS.get(refused.field, refused.field)
        form.add_error(field if field in form.fields else None, refused.problem)
        return _pane(request, selection, form, status=422)
    return begun(request, act)


@needs(post=Permission.BULK_EDIT)
def choose(request: PersonRequest) -> HttpResponse:
    """The form over what was chosen in a list: rows one by one, or all that match, which are fixed from here on."""
    if request.POST.get("all") != "1":
        return _pane(request, selected(request, request.POST), _empty_form())
    query, rows = _matching(request, request.POST.get("list", ""))
    draft = prepare_act(rows, request.user, query.urlencode())
    return _pane(request, _of_draft(request, draft), _empty_form())


@needs(post=Permission.BULK_EDIT)
def preview(request: PersonRequest) -> HttpResponse:
    """What the form, as it is filled in now, would change."""
    selection = selected(request, request.POST)
    form = ManageManyForm(request.POST)
    return render(request, "incidents/manage_many.html#preview", preview_context(selection, form))


@needs(get=Permission.BULK_EDIT)
def count(request: PersonRequest) -> HttpResponse:
    """How many match the list that an address describes, exactly."""
    _, rows = _matching(request, request.GET.urlencode())
    return JsonResponse({"total": rows.count()})


def selected(request: PersonRequest, data: QueryDict) -> Selection:
    """The incidents that a form names. Raises Http404 for none, too many, or another person's draft."""
    if "act" in data:
        try:
            number = UUID(data.get("act", ""))
        except ValueError:
            raise Http404("There is no such act.") from None
        draft = BulkAct.objects.filter(pk=number, user=request.user).first()
        if draft is None:
            raise Http404("What was chosen was not used for a day and is forgotten; choose again.")
        return _of_draft(request, draft)
    words = data.getlist("incident")
    are_numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in words)
    if not words or len(words) > MOST_CHOSEN or not are_numbers:
        raise Http404(f"Choose 1 to {MOST_CHOSEN:,} incidents, or all that match.")
    numbers = sorted({int(word) for word in words})
    return Selection(queries.chosen_ones(request.user, numbers), len(numbers), numbers)


def preview_context(selection: Selection, form: ManageManyForm) -> dict[str, Any]:
    """What the preview shows: the figures, or what is wrong with the form."""
    if not (form.is_bound and form.is_valid()):
        problem = next(iter(form.errors.values()))[0] if form.errors else ""
        found = queries.preview(selection.rows, Changes(), chosen=selection.total)
        return {"preview": found, "problem": problem, "is_empty": True}
    changes = form.changes()
    problem = ""
    try:
        check_for_any(changes)
    except Refused as refused:
        problem = refused.problem
    found = queries.preview(selection.rows, changes, chosen=selection.total)
    return {"preview": found, "problem": problem, "is_empty": changes.is_empty()}


def _started(request: PersonRequest, selection: Selection, changes: Changes, seen: str) -> BulkAct:
    """The act that the form asks for; sent twice, it is one act. Raises Refused, and then leaves nothing behind."""
    actor = request.user.as_actor()
    if selection.draft is not None:
        return start_act(selection.draft, changes, actor=actor, seen=seen)
    try:
        number = UUID(request.POST.get("once", ""))
    except ValueError:
        number = uuid4()
    try:
        with transaction.atomic():
            draft = prepare_act(selection.rows, request.user, number=number)
            return start_act(draft, changes, actor=actor, seen=seen)
    except IntegrityError:
        known = BulkAct.objects.filter(pk=number, user=request.user).first()
        if known is None:
            raise
        return known


def _asks_for_classification(request: PersonRequest, selection: Selection, changes: Changes) -> bool:
    """Whether to ask, once, for a classification of those that are to be resolved."""
    if changes.status is None or changes.classification is not None or request.POST.get("unclassified_is_fine"):
        return False
    if selection.draft is not None and selection.draft.state != JobState.DRAFT:
        return False
    return queries.preview(selection.rows, changes, chosen=selection.total).unclassified > 0


def _matching(request: PersonRequest, text: str) -> tuple[QueryDict, QuerySet[Incident]]:
    """The list that an address describes, and its incidents. Raises Http404 for an address that means nothing."""
    query = QueryDict(text, mutable=True)
    for key in ("after", "before", "open"):
        query.pop(key, None)
    try:
        wanted = asked(query, request.user)
    except (UnknownKeys, ValidationError) as error:
        raise Http404("The list means nothing any more; open it anew.") from error
    return wanted.query, wanted.matching


def _of_draft(request: PersonRequest, draft: BulkAct) -> Selection:
    rows = Incident.objects.visible_to(request.user).filter(pk__in=queries.incidents_of(draft).values("pk"))
    return Selection(rows, draft.total, draft=draft)


def _empty_form() -> ManageManyForm:
    return ManageManyForm(initial={"severity": "keep", "status": "keep", "classification": "keep"})


def _pane(
    request: PersonRequest, selection: Selection, form: ManageManyForm, *, status: int = 200, asks: bool = False
) -> HttpResponse:
    named = list(selection.rows.order_by("pk").values("pk", "name")[: NAMED + 1])
    context = {
        "selection": selection,
        "named": named[:NAMED],
        "more": max(selection.total - NAMED, 0),
        "form": form,
        "once": request.POST.get("once") or uuid4(),
        "asks": asks,
        "assignee": chosen_assignee(form["assignee"].value()),
        "add_tags": chosen_tags(form["add_tags"].value()),
        "remove_tags": chosen_tags(form["remove_tags"].value()),
        "in_pane": bool(request.htmx),
        **preview_context(selection, form),
    }
    if not named and selection.draft is None:
        raise Http404("None of these incidents exists, or you may not see them.")
    template = "incidents/manage_many.html#pane" if request.htmx else "incidents/manage_many.html"
    return render(request, template, context, status=status)
