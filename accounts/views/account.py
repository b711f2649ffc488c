"""One's own account: name, password, and keys for one's scripts."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import PersonRequest
from accounts.commands import change_own_password, change_user, create_own_token, revoke_token
from accounts.forms.account import NameForm, PasswordForm
from accounts.forms.tokens import OwnTokenForm
from accounts.models import AccessToken
from accounts.queries import tokens as token_queries
from accounts.views.sections import account_sections
from common.bodies import LARGEST_ID
from common.errors import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: PersonRequest) -> HttpResponse:
    """Who one is here, and one's name to change."""
    person = request.user
    form = NameForm(request.POST or None, initial={"display_name": person.display_name})
    if request.method == "POST" and form.is_valid():
        try:
            change_user(person, display_name=form.cleaned_data["display_name"], actor=person.as_actor())
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            messages.success(request, "Your name is saved.")
            return redirect("account")
    return _page(request, name=form, status=422 if form.errors else 200)


@require_POST
def password(request: PersonRequest) -> HttpResponse:
    """Exchange one's password, which ends all other sign-ins of oneself."""
    person = request.user
    form = PasswordForm(request.POST)
    if not ratelimit.consume(request, action="change_password", user=person):
        form.add_error(None, "Too many tries; wait a minute.")
        return _page(request, password=form, status=429)
    if form.is_valid():
        said = form.cleaned_data
        try:
            changed = change_own_password(
                person, current=said["current"], password=said["password"], actor=person.as_actor()
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            update_session_auth_hash(request, changed)
            messages.success(request, "Your password is changed; you are signed out everywhere else.")
            return redirect("account")
    return _page(request, password=form, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: PersonRequest) -> HttpResponse:
    """One's own tokens, and a form for another; its key is shown once, on the answer to that."""
    person = request.user
    form = OwnTokenForm(request.POST or None, rights=person.rights)
    key = ""
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made, key = create_own_token(
                person,
                said["name"],
                permissions=said["permissions"],
                expires_at=form.expires_at,
                actor=person.as_actor(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.problem)
        else:
            form = OwnTokenForm(rights=person.rights)
            messages.success(request, f"The token “{made.name}” is made.")
    context = {
        "sections": account_sections(request),
        "form": form,
        "key": key,
        "rows": token_queries.rows_of(token_queries.tokens_of(person)),
    }
    response = render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def revoke(request: PersonRequest, number: int) -> HttpResponse:
    """Let a token of one's own open nothing any more."""
    token = AccessToken.objects.filter(owner=request.user, pk=min(number, LARGEST_ID)).first()
    if token is None:
        raise Http404("You have no such token.")
    revoke_token(token, actor=request.user.as_actor())
    messages.success(request, f"The token “{token.name}” opens nothing any more.")
    return redirect("account_tokens")


def _page(
    request: PersonRequest, *, name: NameForm | None = None, password: PasswordForm | None = None, status: int
) -> HttpResponse:
    person = request.user
    context: dict[str, Any] = {
        "sections": account_sections(request),
        "name_form": name or NameForm(initial={"display_name": person.display_name}),
        "password_form": password or PasswordForm(),
        "has_password": person.has_usable_password(),
        "person": person,
        "teams": ", ".join(person.teams.order_by("name").values_list("name", flat=True)),
    }
    return render(request, "accounts/account.html", context, status=status)
