"""Trials: a rule tried on stored alerts, how far that is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.models import User
from common.jobs import wake_worker
from ingest.choices import TrialOf
from ingest.commands import cancel_trial, carry_out, start_trial
from ingest.models import Trial
from ingest.queries import trials as queries
from ingest.queries.history import rows_of
from ingest.tasks import run_trial

MANAGE = Permission.MANAGE_RULES
AT_ONCE = 2_000
"""Alerts that are gone through within the request; more are a job."""


def begin(request: PersonRequest, of: TrialOf, subject: str, values: Mapping[str, Any], *, days: int) -> HttpResponse:
    """Start a trial of what a form says, and go to its page."""
    form = {key: request.POST.getlist(key) for key in request.POST if key not in ("csrfmiddlewaretoken", "act")}
    trial = started(of, subject, {**values, "form": form}, days=days, user=request.user)
    return redirect("trials:trial", trial.pk)


def started(of: TrialOf, subject: str, values: Mapping[str, Any], *, days: int, user: User) -> Trial:
    """A trial: over already where there are few alerts, else on its way."""
    trial = start_trial(of, subject, values, days=days, user=user)
    if rows_of(user, days).order_by()[: AT_ONCE + 1].count() > AT_ONCE:
        transaction.on_commit(lambda: wake_worker(run_trial, trial.pk))
        return trial
    carry_out(trial.pk)
    trial.refresh_from_db()
    return trial


def form_of_trial(request: PersonRequest, of: TrialOf, subject: str) -> QueryDict | None:
    """What the form said that a trial was started with, when the address names one (`trial`) that had a form."""
    word = request.GET.get("trial", "")
    try:
        number = UUID(word)
    except ValueError:
        return None
    trial = Trial.objects.filter(pk=number, user=request.user, of=of, subject=subject).first()
    return queries.form_data(trial) if trial and "form" in trial.values else None


@needs(get=MANAGE)
def trial(request: PersonRequest, number: UUID) -> HttpResponse:
    """How far one's own trial is; once it is over, what the rule would do, and the way to save it."""
    found = own_trial_or_404(request, number)
    context = queries.shown(found, request.user)
    template = "settings/trial.html#state" if request.htmx else "settings/trial.html"
    return render(request, template, context)


@needs(post=MANAGE)
def cancel(request: PersonRequest, number: UUID) -> HttpResponse:
    """Let the trial end."""
    cancel_trial(own_trial_or_404(request, number))
    return redirect("trials:trial", number)


def own_trial_or_404(request: PersonRequest, number: UUID) -> Trial:
    found = Trial.objects.filter(pk=number, user=request.user).first()
    if found is None:
        raise Http404("There is no such trial of yours; they are kept for a week.")
    return found
