"""Bulk acts as their person sees them: how far they are, what became of each, cancel and undo."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common import failures
from common.errors import Refused
from incidents.choices import Outcome
from incidents.commands import cancel_act, start_undo, take_back
from incidents.commands.bulk import AT_ONCE
from incidents.models import BulkAct
from incidents.queries import bulk as queries
from incidents.queries.versions import saved_by
from incidents.tasks import announce, carry_out
from incidents.views.answers import saved_event
from incidents.views.lookup import incident_or_404

WITHIN_REQUEST = 10.0
"""Seconds that a small act may take within its request; what is left then is a job."""
LISTED = 100


@needs(get=Permission.BULK_EDIT)
def acts(request: PersonRequest) -> HttpResponse:
    """The person's own acts, the latest first."""
    found = [queries.shown(act) for act in queries.acts_of(request.user).order_by("-created_at")[:LISTED]]
    rows = [{"shown": each, "changes": ", ".join(queries.in_words(each.act))} for each in found]
    return render(request, "incidents/acts.html", {"rows": rows, "listed": LISTED})


@needs(get=Permission.BULK_EDIT)
def act(request: PersonRequest, number: UUID) -> HttpResponse:
    """One act: how far it is, and what became of each incident or alert."""
    found = own_act_or_404(request, number)
    outcome = request.GET.get("outcome", "")
    after = request.GET.get("after", "0")
    if (outcome and outcome not in Outcome.slugs()) or not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Http404("There is no such outcome.")
    page = queries.results(found, request.user, outcome=outcome, after=int(after))
    url = reverse("incidents:act", args=[number])
    filters = [{"label": f"All {found.total:,}", "url": url, "current": not outcome}]
    counts = found.counts | {Outcome.WAITING: found.total - found.done}
    filters += [
        {
            "label": f"{'Not reached' if kind == Outcome.WAITING and found.is_over else kind.label} {counts[kind]:,}",
            "url": f"{url}?outcome={kind}",
            "current": outcome == kind,
        }
        for kind in Outcome
        if counts.get(kind)
    ]
    base = f"{url}?outcome={outcome}&" if outcome else f"{url}?"
    context = {
        "shown": queries.shown(found),
        "changes": queries.in_words(found),
        "rows": page.rows,
        "filters": filters,
        "next_url": f"{base}after={page.next}" if page.next else "",
        "undo_of": found.undo_of_id,
        "undone_by": getattr(found, "undone_by", None),
    }
    template = "incidents/act.html#state" if request.htmx else "incidents/act.html"
    return render(request, template, context)


@needs(get=Permission.BULK_EDIT)
def progress(request: PersonRequest, number: UUID) -> HttpResponse:
    """How far an act is, as a notice at the foot of any page; it asks again by itself until the act is over."""
    found = own_act_or_404(request, number)
    return render(request, "incidents/act_progress.html", {"shown": queries.shown(found)})


@needs(post=Permission.BULK_EDIT)
def cancel(request: PersonRequest, number: UUID) -> HttpResponse:
    """Let the act end after the chunk that is being changed."""
    found = cancel_act(own_act_or_404(request, number), actor=request.user.as_actor())
    if not request.htmx:
        return redirect("incidents:act", number=number)
    found = own_act_or_404(request, found.pk)
    return render(request, "incidents/act_progress.html", {"shown": queries.shown(found)})


@needs(post=Permission.BULK_EDIT)
def undo(request: PersonRequest, number: UUID) -> HttpResponse:
    """Take the whole act back, where nobody has touched it since."""
    found = own_act_or_404(request, number)
    try:
        undone = start_undo(found, actor=request.user.as_actor())
    except Refused as refused:
        return failures.answer(request, failures.refused(refused.problem))
    return begun(request, undone)


@needs(post=Permission.EDIT_INCIDENTS)
def undo_save(request: PersonRequest, number: int, batch: UUID) -> HttpResponse:
    """Take one's own save of one incident back."""
    incident = incident_or_404(request, number)
    if not saved_by(request.user, incident.pk, batch):
        raise Http404("There is no such save of yours.")
    actor = request.user.as_actor()
    result = take_back([incident.pk], batch, actor=actor, principal=request.user, batch=uuid4())[incident.pk]
    text = f"Taken back on #{number}" if result.outcome == Outcome.CHANGED else f"Nothing was taken back on #{number}"
    return _told(request, f"{text}. {result.reason}" if result.reason else text, url=f"/incidents/{number}/")


def begun(request: PersonRequest, act: BulkAct) -> HttpResponse:
    """The answer to an act that has just been asked for: done, when it is small; else the notice that tells of it."""
    if act.total <= AT_ONCE:
        carry_out(act.pk, seconds=WITHIN_REQUEST)
        act = own_act_or_404(request, act.pk)
    if not act.is_over:
        transaction.on_commit(lambda: announce(act.pk))
        if not request.htmx:
            return redirect("incidents:act", number=act.pk)
        response = HttpResponse("")
        job = {"url": reverse("incidents:act_progress", args=[act.pk])}
        events = {"watchfloor:job": job, "watchfloor:close-pane": {}, "watchfloor:unselect": {}}
        response["HX-Trigger"] = json.dumps(events)
        return response
    shown = queries.shown(act)
    if not request.htmx:
        messages.success(request, f"{shown.title}: {shown.counts}")
        return redirect("incidents:act", number=act.pk)
    undo_url = reverse("incidents:undo_act", args=[act.pk]) if shown.may_undo else ""
    text = f"{shown.title}: {shown.counts}{'. ' + act.problem if act.problem else ''}"
    kind = "success" if set(act.counts) <= {Outcome.CHANGED, Outcome.UNCHANGED} and not act.problem else "warning"
    return saved_event(
        HttpResponse(""), text, close_pane=True, undo_url=undo_url, kind=kind, more_url=shown.url, unselect=True
    )


def own_act_or_404(request: PersonRequest, number: UUID) -> BulkAct:
    """The act, which others' acts are not."""
    return get_object_or_404(queries.acts_of(request.user), pk=number)


def _told(request: PersonRequest, text: str, *, url: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, text)
        return redirect(url)
    return saved_event(HttpResponse(""), text)
