"""Webhooks: the list, the form with its preview, one with its messages, one message with its tries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from common.errors import Conflict, Refused
from common.jobs import wake_worker
from common.query_strings import nearest
from webhooks import commands, queries
from webhooks.choices import DeliveryState
from webhooks.forms import SubscriptionForm, initial_of
from webhooks.models import Delivery, Subscription
from webhooks.tasks import send_deliveries

MANAGE = Permission.MANAGE_WEBHOOKS
JUST_MADE = "webhook_just_made"
"""In the session: of which webhook the secret is shown once without asking for it."""


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All webhooks, and how each stands."""
    return render(request, "settings/webhooks.html", {"rows": queries.rows(request.user)})


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """Add a webhook; the button Preview shows first how many incidents its list has."""
    return _form(request, None)


@needs(get=MANAGE, post=MANAGE)
def edit(request: PersonRequest, number: int) -> HttpResponse:
    """Change a webhook."""
    return _form(request, _found(number))


@needs(post=MANAGE)
def preview(request: PersonRequest) -> HttpResponse:
    """How many incidents the form's list has, as the part of its page that says so."""
    form = SubscriptionForm(request.POST)
    form.full_clean()
    shown = _preview(request, form)
    status = 422 if shown is None else 200
    return render(request, "settings/webhook_form.html#preview", {"form": form, "preview": shown}, status=status)


@never_cache
@needs(get=MANAGE)
def webhook(request: PersonRequest, number: int) -> HttpResponse:
    """One webhook, how it stands, and its messages; right after it was made also its secret."""
    found = _found(number)
    secrets = []
    if request.session.get(JUST_MADE) == found.pk:
        del request.session[JUST_MADE]
        secrets = commands.show_secret(found, actor=request.user.as_actor())
    return _page(request, found, secrets)


@never_cache
@needs(post=MANAGE)
def secret(request: PersonRequest, number: int) -> HttpResponse:
    """The same page with the secret; that somebody looked at it is recorded."""
    found = _found(number)
    return _page(request, found, commands.show_secret(found, actor=request.user.as_actor()))


@needs(post=MANAGE)
def rotate(request: PersonRequest, number: int) -> HttpResponse:
    """Give a webhook a new secret, and show it."""
    found = commands.rotate_secret(_found(number), actor=request.user.as_actor())
    request.session[JUST_MADE] = found.pk
    messages.success(request, f"“{found.name}” has a new secret; the former one is valid for another day.")
    return redirect("webhooks:webhook", found.pk)


@needs(post=MANAGE)
def switch(request: PersonRequest, number: int) -> HttpResponse:
    """Switch a webhook on or off."""
    found, wanted = _found(number), request.POST.get("on")
    if wanted not in ("yes", "no"):
        return HttpResponse("Say on=yes or on=no.", status=422, content_type="text/plain; charset=utf-8")
    commands.switch_subscription(found, is_on=wanted == "yes", actor=request.user.as_actor())
    _wake()
    messages.success(request, f"“{found.name}” is {'on' if wanted == 'yes' else 'off'}.")
    return redirect("webhooks:webhook", found.pk)


@needs(post=MANAGE)
def delete(request: PersonRequest, number: int) -> HttpResponse:
    """End a webhook for good."""
    found = _found(number)
    commands.delete_subscription(found, actor=request.user.as_actor())
    messages.success(request, f"“{found.name}” is deleted; nothing more is sent.")
    return redirect("webhooks:overview")


@needs(post=MANAGE)
def test(request: PersonRequest, number: int) -> HttpResponse:
    """Send a message that tells of nothing, and lead to what comes of it."""
    found = _found(number)
    try:
        sent = commands.send_test(found, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
        return redirect("webhooks:webhook", found.pk)
    _wake()
    return redirect("webhooks:delivery", found.pk, sent.key)


@needs(post=MANAGE)
def replay_failed(request: PersonRequest, number: int) -> HttpResponse:
    """Send all again that were given up."""
    found = _found(number)
    try:
        counted = commands.replay_failed(found, principal=request.user, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
    else:
        messages.success(request, f"{counted:,} message{'' if counted == 1 else 's'} will be sent again.")
        _wake()
    return redirect("webhooks:webhook", found.pk)


@needs(get=MANAGE)
def delivery(request: PersonRequest, number: int, key: UUID) -> HttpResponse:
    """One message: what has become of it, and each try. While it waits it is looked at anew."""
    found = _found(number)
    context = {"webhook": found, **queries.delivery(_message(request, found, key))}
    template = "settings/webhook_delivery.html"
    return render(request, f"{template}#state" if request.htmx else template, context)


@needs(post=MANAGE)
def replay(request: PersonRequest, number: int, key: UUID) -> HttpResponse:
    """Send one message again."""
    found = _found(number)
    message = _message(request, found, key)
    try:
        commands.replay(message, actor=request.user.as_actor())
    except Refused as refused:
        messages.error(request, refused.problem)
    else:
        _wake()
    return redirect("webhooks:delivery", found.pk, message.key)


# --- parts ---------------------------------------------------------------------------------------------------------


def _found(number: int) -> Subscription:
    found = queries.kept(number)
    if found is None:
        raise Http404("There is no such webhook, or it was deleted.")
    return found


def _message(request: PersonRequest, found: Subscription, key: UUID) -> Delivery:
    message = queries.delivery_of(found, key, request.user)
    if message is None:
        raise Http404("There is no such message, or you may not know of it.")
    return message


def _page(request: PersonRequest, found: Subscription, secrets: list[str]) -> HttpResponse:
    state, before = request.GET.get("state", ""), request.GET.get("before", "")
    if state and state not in DeliveryState.values:
        raise Http404(f"“{state[:60]}” is no state of messages{nearest(state, DeliveryState.values)}")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    context = queries.webhook(found, request.user, state, int(before) if before else None)
    return render(request, "settings/webhook.html", {**context, "secrets": secrets})


def _form(request: PersonRequest, found: Subscription | None) -> HttpResponse:
    form = SubscriptionForm(request.POST or None, initial=initial_of(found) if found else {"is_on": True})
    shown, conflict, status = None, None, 200
    if request.method == "POST" and "preview" in request.POST:
        form.full_clean()
        shown = _preview(request, form)
        status = 422 if shown is None else 200
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _saved(request, form, found)
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
            except Conflict as error:
                conflict, status = error, 409
    context: dict[str, Any] = {
        "form": form,
        "webhook": found,
        "action": reverse("webhooks:edit", args=[found.pk]) if found else reverse("webhooks:new"),
        "preview": shown,
        "conflicts": queries.told_conflicts(conflict),
        "version": conflict.version if conflict else form["version"].value(),
    }
    return render(request, "settings/webhook_form.html", context, status=status)


def _saved(request: PersonRequest, form: SubscriptionForm, found: Subscription | None) -> HttpResponse:
    user, actor = request.user, request.user.as_actor()
    if found is None:
        saved = commands.create_subscription(form.values(), reader=user, actor=actor)
        request.session[JUST_MADE] = saved.pk
        messages.success(request, f"“{saved.name}” is saved; send it a test.")
    else:
        based_on = form.cleaned_data["version"] or 0
        saved = commands.change_subscription(found, form.values(), reader=user, based_on=based_on, actor=actor)
        _wake()
        messages.success(request, f"“{saved.name}” is saved; it sees what you see.")
    return redirect("webhooks:webhook", saved.pk)


def _preview(request: PersonRequest, form: SubscriptionForm) -> queries.Preview | None:
    """How many its list has, whatever the other fields say; None where the list means nothing, which the form says."""
    if "query" in form.errors:
        return None
    try:
        restricted = form.cleaned_data["with_restricted"]
        return queries.preview(form.cleaned_data["query"], request.user, with_restricted=restricted)
    except Refused as refused:
        form.add_error("query", refused.problem)
        return None


def _wake() -> None:
    transaction.on_commit(lambda: wake_worker(send_deliveries))
