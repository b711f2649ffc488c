"""Tuning rules: the table, one rule with what it caught, and its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from alerts.lookup import visible_alerts
from common.bodies import LARGEST_ID
from common.errors import Conflict, Refused
from ingest.choices import TrialOf
from ingest.commands import change_tuning_rule, create_tuning_rule, delete_tuning_rule
from ingest.commands.tuning_rules import checked
from ingest.forms import TuningForm, initial_like, initial_of, kinds_in_words
from ingest.models import TuningRule
from ingest.queries import rules as queries
from ingest.views.trials import begin, form_of_trial

MANAGE = Permission.MANAGE_RULES


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All tuning rules, and how many alerts each has caught."""
    return render(request, "settings/tuning.html", {"rows": queries.tuning_rows(request.user)})


@needs(get=MANAGE)
def rule(request: PersonRequest, number: int) -> HttpResponse:
    """One rule: what it does and why, and the alerts it caught."""
    found = TuningRule.objects.select_related("owner").filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such tuning rule.")
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    context = queries.tuning_rule(found, request.user, int(before) if before else None)
    return render(request, "settings/tuning_rule.html", context)


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """A new rule; `alert` names one that it shall be like."""
    if request.method == "POST":
        return _saved_or_tried(request, TuningForm(request.POST), None)
    data = form_of_trial(request, TrialOf.TUNING, "")
    initial: dict[str, Any] = {"owner": request.user.pk, "is_on": True}
    word = request.GET.get("alert", "")
    if word:
        number = int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0
        alert = visible_alerts(request.user, [number]).first()
        if alert is None:
            raise Http404("There is no such alert, or you may not see it.")
        initial |= initial_like(alert)
    return _page(request, TuningForm(data, initial=initial), None)


@needs(get=MANAGE, post=MANAGE)
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """Change a rule."""
    found = _kept_or_404(number)
    if request.method == "POST":
        return _saved_or_tried(request, TuningForm(request.POST, present=found), found)
    data = form_of_trial(request, TrialOf.TUNING, str(found.pk))
    return _page(request, TuningForm(data, present=found, initial=initial_of(found)), found)


@needs(post=MANAGE)
def delete(request: PersonRequest, number: int) -> HttpResponse:
    """End a rule for good."""
    found = _kept_or_404(number)
    try:
        delete_tuning_rule(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.info(request, refused.problem)
    else:
        messages.success(request, f"“{found.name}” is deleted; what it caught stays as it is.")
    return redirect("tuning:overview")


def _saved_or_tried(request: PersonRequest, form: TuningForm, found: TuningRule | None) -> HttpResponse:
    if not form.is_valid():
        return _page(request, form, found, status=422)
    actor = request.user.as_actor()
    try:
        values = checked(form.values(), is_new=found is None)
        if request.POST.get("act") == "try":
            subject = str(found.pk) if found else ""
            conditions = {"conditions": dict(values.conditions)}
            return begin(request, TrialOf.TUNING, subject, conditions, days=form.cleaned_data["days"])
        if found is None:
            saved = create_tuning_rule(values, actor=actor)
        else:
            saved = change_tuning_rule(found, values, based_on=form.cleaned_data["version"] or 0, actor=actor)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, form, found, status=422)
    except Conflict as conflict:
        return _page(request, form, found, status=409, conflict=conflict)
    messages.success(request, f"“{saved.name}” is saved; it holds for alerts from now on.")
    return redirect("tuning:rule", saved.pk)


def _kept_or_404(number: int) -> TuningRule:
    found = TuningRule.objects.kept().select_related("owner").filter(pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404("There is no such tuning rule, or it was deleted.")
    return found


def _page(
    request: PersonRequest,
    form: TuningForm,
    found: TuningRule | None,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "rule": found,
        "action": reverse("tuning:edit", args=[found.pk]) if found else reverse("tuning:new"),
        "conflicts": queries.told_conflicts(conflict),
        "version": conflict.version if conflict else form["version"].value(),
        "kinds": kinds_in_words(),
    }
    return render(request, "settings/tuning_form.html", context, status=status)
