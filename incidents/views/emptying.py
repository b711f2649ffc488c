"""Retention, and the emptying of one text."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from activity.models import Entry
from activity.wording import sentence
from common.errors import Refused
from incidents.commands import empty_text, set_retention
from incidents.forms.retention import EmptyTextForm, RetentionForm
from incidents.models import RetentionRule
from incidents.views.lookup import incident_or_404


@needs(get=Permission.EMPTY_TEXTS, post=Permission.EMPTY_TEXTS)
def retention(request: PersonRequest) -> HttpResponse:
    """After how long texts of comments are emptied."""
    rule = RetentionRule.objects.filter(pk=RetentionRule.ONLY).first() or RetentionRule(
        pk=RetentionRule.ONLY, version=0
    )
    form = RetentionForm(request.POST or None, initial={"days": rule.days, "version": rule.version})
    if request.method == "POST" and form.is_valid():
        try:
            rule = set_retention(
                form.cleaned_data["days"],
                actor=request.user.as_actor(),
                based_on=form.cleaned_data["version"],
            )
        except Refused as refused:
            form.add_error("days", refused.problem)
        else:
            messages.success(request, "Saved" if rule.days else "Saved: texts are kept")
            return redirect("retention:overview")
    status = 422 if form.errors else 200
    return render(request, "settings/retention.html", {"form": form, "rule": rule}, status=status)


@needs(get=Permission.EMPTY_TEXTS, post=Permission.EMPTY_TEXTS)
def empty(request: PersonRequest, number: int, sequence: int) -> HttpResponse:
    """Ask why, then empty the text of one entry for good."""
    incident = incident_or_404(request, number)
    rows = Entry.objects.of_incident(incident.pk).select_related("body")
    entry = get_object_or_404(rows, sequence=min(sequence, 2**31 - 1))
    form = EmptyTextForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            count = empty_text(incident, entry, form.cleaned_data["reason"], actor=request.user.as_actor())
        except Refused as refused:
            form.add_error("reason" if refused.field == "reason" else None, refused.problem)
        else:
            messages.success(request, f"{count} text{'s' if count != 1 else ''} emptied")
            return redirect("incidents:activity", number=incident.redirected_to_id or incident.pk)
    context = {
        "number": incident.pk,
        "entry": entry,
        "sentence": sentence(entry),
        "text": entry.body.text if entry.body else None,
        "form": form,
    }
    return render(request, "incidents/empty_text.html", context, status=422 if form.errors else 200)
