"""Classifications of critical assets: the list, the form with its preview, and how far a reassessment is."""

from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common import failures
from common.bodies import LARGEST_ID
from common.errors import Refused
from entities.commands import delete_classification, save_classification
from entities.models import AssetClassification
from entities.rules import checked
from incidents.forms.critical_assets import ClassificationForm, initial_of
from incidents.queries import critical_assets as queries

MANAGE = Permission.MANAGE_RULES


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All classifications, and how far the last change has been carried out."""
    context = {"rows": queries.classifications(), "progress": queries.latest_reassessment()}
    return render(request, "settings/critical_assets.html", context)


@needs(get=MANAGE)
def progress(request: PersonRequest) -> HttpResponse:
    """How far it is; asked anew by itself until it is over."""
    if not request.htmx:
        return redirect("critical_assets:overview")
    return render(request, "settings/critical_assets.html#progress", {"progress": queries.latest_reassessment()})


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """Add a classification; the button Preview shows first what it would change."""
    return _form(request, None)


@needs(get=MANAGE, post=MANAGE)
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """Change a classification."""
    return _form(request, _found(number))


@needs(post=MANAGE)
def preview(request: PersonRequest) -> HttpResponse:
    """What the form would change, as the part of its page that says so."""
    form = ClassificationForm(request.POST)
    stored = AssetClassification.objects.filter(pk=_number(request.POST.get("number", ""))).first()
    shown = _preview(request, form, stored)
    status = 422 if shown is None else 200
    context = {"form": form, "preview": shown, "stored": stored}
    return render(request, "settings/critical_asset_form.html#preview", context, status=status)


@needs(post=MANAGE)
def switch(request: PersonRequest, number: int) -> HttpResponse:
    """Put a classification in force, or out of it."""
    stored = _found(number)
    wanted = request.POST.get("on")
    if wanted not in ("yes", "no"):
        return HttpResponse("Say on=yes or on=no.", status=422, content_type="text/plain; charset=utf-8")
    try:
        save_classification(
            replace(stored.values, is_on=wanted == "yes"), classification=stored, actor=request.user.as_actor()
        )
    except Refused as refused:
        messages.error(request, refused.problem)
    return redirect("critical_assets:overview")


@needs(post=MANAGE)
def delete(request: PersonRequest, number: int) -> HttpResponse:
    """Take a classification away."""
    stored = _found(number)
    try:
        delete_classification(stored, actor=request.user.as_actor())
    except Refused as refused:
        return failures.answer(request, failures.refused(refused.problem))
    messages.success(request, f"Deleted “{stored.name}”")
    return redirect("critical_assets:overview")


def _form(request: PersonRequest, stored: AssetClassification | None) -> HttpResponse:
    form = ClassificationForm(request.POST or None, initial=initial_of(stored) if stored else None)
    shown, status = None, 200
    if request.method == "POST" and "preview" in request.POST:
        shown = _preview(request, form, stored)
    elif request.method == "POST" and form.is_valid():
        try:
            saved = save_classification(
                form.values(),
                classification=stored,
                based_on=form.cleaned_data["version"] or 0,
                actor=request.user.as_actor(),
            )
        except Refused as refused:
            form.add_error(refused.field or None, refused.problem)
        else:
            messages.success(request, f"Saved “{saved.name}”")
            return redirect("critical_assets:overview")
    if request.method == "POST" and (form.errors or not form.is_bound):
        status = 422
    context = {"form": form, "stored": stored, "preview": shown}
    return render(request, "settings/critical_asset_form.html", context, status=status)


def _preview(
    request: PersonRequest, form: ClassificationForm, stored: AssetClassification | None
) -> queries.Preview | None:
    """What a form that says enough would change; otherwise nothing, and the form says what is missing."""
    if not form.is_valid():
        return None
    try:
        values = checked(form.values())
    except Refused as refused:
        form.add_error(refused.field or None, refused.problem)
        return None
    return queries.preview(request.user, values, stored.pk if stored else queries.NEW)


def _found(number: int) -> AssetClassification:
    return get_object_or_404(AssetClassification, pk=min(number, LARGEST_ID))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
