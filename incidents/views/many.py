"""Managing many at once, incidents and alerts alike: which ones, what would change, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest
from accounts.models import User
from activity.snapshots import is_snapshot
from common.errors import Refused
from common.jobs import JobState
from common.query_strings import UnknownKeys
from incidents.choices import BulkSubject
from incidents.commands import prepare_act, start_act
from incidents.models import BulkAct
from incidents.views.acts import begun

FIELDS = {"until": "snooze_until", "tags": "add_tags"}
"""Fields that forms call otherwise than rules do."""
NAMED = 100
"""Of the chosen ones, how many the pane names."""


@dataclass(frozen=True, slots=True)
class Many:
    """What is changed together: incidents or alerts, with their list, form, preview and page."""

    subject: BulkSubject
    template: str
    form: Callable[..., Any]
    """Made of what was sent; without it, as it is before anything is chosen."""
    asked: Callable[[QueryDict, User], Any]
    """What the address of a list asks for. Raises UnknownKeys or ValidationError."""
    visible: Callable[[User], QuerySet[Any]]
    of_act: Callable[[BulkAct], QuerySet[Any]]
    name: str
    """The field that names one of them."""
    preview: Callable[..., Any]
    check: Callable[[Any], None]
    """Raises Refused for changes that none of them could be given."""
    nothing: Any
    """Changes of nothing."""
    filled: Callable[[Any], dict[str, Any]]
    """What the fields of a form hold that are no plain inputs."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a form is about: the rows of a draft, or those named one by one."""

    rows: QuerySet[Any]
    total: int
    numbers: Sequence[int] = ()
    draft: BulkAct | None = None


def matching(request: PersonRequest, kind: Many, text: str) -> tuple[QueryDict, QuerySet[Any]]:
    """The list that an address describes, and its rows. Raises Http404 for an address that means nothing."""
    query = QueryDict(text, mutable=True)
    for key in ("after", "before", "open"):
        query.pop(key, None)
    try:
        wanted = kind.asked(query, request.user)
    except (UnknownKeys, ValidationError) as error:
        raise Http404("The list means nothing any more; open it anew.") from error
    return wanted.query, wanted.matching


def all_that_match(request: PersonRequest, kind: Many) -> HttpResponse:
    """The form over all that match the list which the request names; they are fixed from here on."""
    query, rows = matching(request, kind, request.POST.get("list", ""))
    draft = prepare_act(rows, request.user, query.urlencode())
    return pane(request, kind, of_draft(request, kind, draft), kind.form())


def drafted(request: PersonRequest, kind: Many, data: QueryDict) -> Selection:
    """What a form names by its draft. Raises Http404 for none, or for another person's."""
    try:
        number = UUID(data.get("act", ""))
    except ValueError:
        raise Http404("There is no such act.") from None
    draft = BulkAct.objects.filter(pk=number, user=request.user, subject=kind.subject).first()
    if draft is None:
        raise Http404("What was chosen was not used for a day and is forgotten; choose again.")
    return of_draft(request, kind, draft)


def of_draft(request: PersonRequest, kind: Many, draft: BulkAct) -> Selection:
    """What a draft is about, as far as its person sees it."""
    rows = kind.visible(request.user).filter(pk__in=kind.of_act(draft).values("pk"))
    return Selection(rows, draft.total, draft=draft)


def save(request: PersonRequest, kind: Many, selection: Selection) -> HttpResponse:
    """What the form asks for, as an act; or the form again, with what is wrong or the preview it asks for."""
    form = kind.form(request.POST)
    if not form.is_valid():
        return pane(request, kind, selection, form, status=422)
    if request.POST.get("step") == "preview":
        return pane(request, kind, selection, form)
    seen = request.POST.get("seen", "")
    if seen and not is_snapshot(seen):
        raise Http404("The form says nothing sensible about when it was opened; open it anew.")
    changes = form.changes()
    if _asks_for_classification(request, kind, selection, changes):
        return pane(request, kind, selection, form, status=422, asks=True)
    try:
        act = _started(request, selection, changes, seen)
    except Refused as refused:
        field = FIELDS.get(refused.field, refused.field)
        form.add_error(field if field in form.fields else None, refused.problem)
        return pane(request, kind, selection, form, status=422)
    return begun(request, act)


def preview_context(kind: Many, selection: Selection, form: Any) -> dict[str, Any]:
    """What the preview shows: the figures, or what is wrong with the form."""
    changes, problem = kind.nothing, next(iter(form.errors.values()))[0] if form.errors else ""
    if form.is_bound and form.is_valid():
        changes = form.changes()
        try:
            kind.check(changes)
        except Refused as refused:
            problem = refused.problem
    found = kind.preview(selection.rows, changes, chosen=selection.total)
    return {
        "selection": selection,
        "noun": kind.subject,
        "preview": found,
        "problem": problem,
        "is_empty": changes.is_empty(),
    }


def _started(request: PersonRequest, selection: Selection, changes: Any, seen: str) -> BulkAct:
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


def _asks_for_classification(request: PersonRequest, kind: Many, selection: Selection, changes: Any) -> bool:
    """Whether to ask, once, for a classification of those that are to be resolved."""
    if changes.status is None or changes.classification is not None or request.POST.get("unclassified_is_fine"):
        return False
    if selection.draft is not None and selection.draft.state != JobState.DRAFT:
        return False
    found: int = kind.preview(selection.rows, changes, chosen=selection.total).unclassified
    return found > 0


def pane(
    request: PersonRequest, kind: Many, selection: Selection, form: Any, *, status: int = 200, asks: bool = False
) -> HttpResponse:
    """The form with its preview and what it is about. Raises Http404 where nothing of that is to be seen."""
    named = list(selection.rows.order_by("pk").values_list("pk", kind.name)[: NAMED + 1])
    context = {
        "named": named[:NAMED],
        "more": max(selection.total - NAMED, 0),
        "form": form,
        "once": request.POST.get("once") or uuid4(),
        "asks": asks,
        "in_pane": bool(request.htmx),
        **kind.filled(form),
        **preview_context(kind, selection, form),
    }
    if not named and selection.draft is None:
        raise Http404(f"None of these {kind.subject}s exists, or you may not see them.")
    template = f"{kind.template}#pane" if request.htmx else kind.template
    return render(request, template, context, status=status)
