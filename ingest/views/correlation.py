"""Correlation rules: the table, and one rule to change, after it was tried on stored alerts."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Conflict, Refused
from ingest.choices import TrialOf
from ingest.commands import change_correlation_rule, reset_correlation_rule
from ingest.commands.correlation_rules import checked
from ingest.correlation import SHIPPED, JoinRule
from ingest.forms import CorrelationForm
from ingest.models import CorrelationRule
from ingest.queries import rules as queries
from ingest.rulebook import join_rules
from ingest.views.trials import begin, form_of_trial

MANAGE = Permission.MANAGE_RULES


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All rules in the order in which they are tried."""
    return render(request, "settings/correlation.html", {"rows": queries.correlation_rows()})


@needs(get=MANAGE, post=MANAGE)
def rule(request: PersonRequest, slug: str) -> HttpResponse:
    """One rule: try it, then save it."""
    present, place, version = _found(slug)
    titles = [each.title for each in join_rules().rules]
    if request.method != "POST":
        data = form_of_trial(request, TrialOf.CORRELATION, slug)
        initial = CorrelationForm.initial_of(present, place, version)
        return _page(request, CorrelationForm(data, rule=present, titles=titles, initial=initial), present)
    form = CorrelationForm(request.POST, rule=present, titles=titles)
    if not form.is_valid():
        return _page(request, form, present, status=422)
    wanted, wanted_place = form.wanted()
    try:
        wanted = checked(wanted, wanted_place)
        if request.POST.get("act") == "try":
            values = wanted.as_values() | {"place": wanted_place}
            return begin(request, TrialOf.CORRELATION, slug, values, days=form.cleaned_data["days"])
        change_correlation_rule(
            wanted, wanted_place, based_on=form.cleaned_data["version"] or 0, actor=request.user.as_actor()
        )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        return _page(request, form, present, status=422)
    except Conflict as conflict:
        return _page(request, form, present, status=409, conflict=conflict)
    messages.success(request, f"“{present.title}” is saved; it holds for alerts from now on.")
    return redirect("correlation:overview")


@needs(post=MANAGE)
def reset(request: PersonRequest, slug: str) -> HttpResponse:
    """Give the rule what it was shipped with."""
    present, _, _ = _found(slug)
    reset_correlation_rule(slug, actor=request.user.as_actor())
    messages.success(request, f"“{present.title}” is as it was shipped.")
    return redirect("correlation:overview")


def _found(slug: str) -> tuple[JoinRule, int, int]:
    """The rule, its place and its version."""
    if slug not in SHIPPED.slugs:
        raise Http404("There is no such rule.")
    rules = join_rules()
    version = CorrelationRule.objects.filter(slug=slug).values_list("version", flat=True).first() or 1
    return rules[slug], rules.position_of(slug), version


def _page(
    request: PersonRequest,
    form: CorrelationForm,
    present: JoinRule,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "rule": present,
        "is_shipped": present == SHIPPED[present.slug],
        "conflicts": queries.told_conflicts(conflict),
        "version": conflict.version if conflict else form["version"].value(),
    }
    return render(request, "settings/correlation_rule.html", context, status=status)
