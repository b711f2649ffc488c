"""All tokens: those of machines and those of people. For whoever manages people."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.commands import create_token, revoke_token
from accounts.forms.tokens import ServiceTokenForm
from accounts.models import AccessToken
from accounts.queries import people
from accounts.queries import tokens as queries
from common.bodies import LARGEST_ID
from common.errors import Refused

MANAGE = Permission.MANAGE_PEOPLE


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All tokens, the newest first, by pages."""
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Http404
    found, older = queries.page_before(int(before) if before else None)
    path = reverse("tokens:overview")
    context = {
        "rows": queries.rows_of(found),
        "older_url": f"{path}?before={older}" if older else "",
        "newest_url": path if before else "",
    }
    return render(request, "settings/tokens.html", context)


@needs(get=MANAGE, post=MANAGE)
def new(request: PersonRequest) -> HttpResponse:
    """Make a key for a machine; it is shown on the answer to the form, this once."""
    form = ServiceTokenForm(request.POST or None, roles=people.givable_roles(request.user))
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made, key = create_token(
                said["name"],
                role=said["role"],
                source=said["source"],
                expires_at=form.expires_at,
                actor=request.user.as_actor(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            context |= {"made": made, "key": key}
    response = render(request, "settings/token.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@needs(post=MANAGE)
def revoke(request: PersonRequest, number: int) -> HttpResponse:
    """Let anybody's token open nothing any more."""
    token = AccessToken.objects.select_related("owner").filter(pk=min(number, LARGEST_ID)).first()
    if token is None:
        raise Http404("There is no such token.")
    revoke_token(token, actor=request.user.as_actor())
    messages.success(request, f"The token “{token}” opens nothing any more.")
    back = request.POST.get("person", "")
    owner = token.owner.username if token.owner else ""
    return redirect("people:person", owner) if back and back == owner else redirect("tokens:overview")
