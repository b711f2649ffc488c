"""“Sign-in and security”: a person's own second factors."""

from __future__ import annotations

from urllib.parse import quote

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import clear_totp_secret
from allauth.mfa.webauthn.internal.auth import begin_registration
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import PersonRequest
from accounts.choices import FactorKind
from accounts.commands import (
    add_authenticator_app,
    add_passkey,
    end_session,
    end_sessions,
    make_recovery_codes,
    remove_factor,
    rename_passkey,
)
from accounts.fresh import freshly
from accounts.models import PersonSession
from accounts.qr import qr_code
from accounts.second_factor_forms import AuthenticatorAppForm, PasskeyForm, PasskeyNameForm
from accounts.second_factors import FACTORS, factors_of, unused_codes
from accounts.session_list import sessions_of
from common.errors import Refused

SHOWS_CODES = "shows_recovery_codes"
"""In the session: codes were made a moment ago and are shown by the next page, once."""
CODES = "".join(
    (
        "Recovery codes of Watchfloor, made for {name}.\r\n",
        "Each works once, in place of a code from the app or a passkey.\r\n\r\n{codes}\r\n",
    )
)


@require_http_methods(["GET", "HEAD"])
def overview(request: PersonRequest) -> HttpResponse:
    """What one signs in with, and where one is signed in."""
    codes = unused_codes(request.user)
    sessions = sessions_of(request.user, request.session.session_key)
    context = {
        "sessions": sessions,
        "has_others": any(not each.is_this for each in sessions),
        "frame": "bare.html" if request.user.lacks_second_factor else "base.html",
        "factors": factors_of(request.user),
        "has_app": Authenticator.objects.filter(user=request.user, type=FactorKind.APP).exists(),
        "codes_left": None if codes is None else len(codes),
    }
    return render(request, "accounts/security.html", context)


@require_POST
def end_one(request: PersonRequest, number: int) -> HttpResponse:
    """Sign oneself out of another browser. One that is over already, or somebody else's, is not there to be ended."""
    session = PersonSession.objects.filter(pk=number, user=request.user).first()
    if session is not None:
        end_session(session, actor=request.user.as_actor())
        messages.success(request, f"{session.device} is signed out.")
    return redirect("security:overview")


@require_POST
def end_others(request: PersonRequest) -> HttpResponse:
    """Sign oneself out of every browser but this one."""
    number = end_sessions(request.user, actor=request.user.as_actor(), but=request.session.session_key or "")
    if number:
        messages.success(request, "You are signed out everywhere else.")
    return redirect("security:overview")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@freshly
def authenticator_app(request: PersonRequest) -> HttpResponse:
    """Set an app up: its secret as a picture and as text, and the first code from it."""
    form = AuthenticatorAppForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            add_authenticator_app(request.user, form.secret, actor=request.user.as_actor())
        except Refused as refused:
            form.add_error(refused.field, refused.problem)
        else:
            clear_totp_secret(request)
            return _added(request, "The authenticator app is set up.")
    address = get_adapter().build_totp_url(request.user, form.secret)
    context = {
        "form": form,
        "picture": qr_code(address, "QR code for the authenticator app; the same stands beneath as text"),
        "secret": " ".join(form.secret[start : start + 4] for start in range(0, len(form.secret), 4)),
    }
    return render(request, "accounts/authenticator_app.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@freshly
def new_passkey(request: PersonRequest) -> HttpResponse:
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            add_passkey(request.user, given["credential"], name=given["name"], actor=request.user.as_actor())
        except Refused as refused:
            form.add_error(refused.field, refused.problem)
        else:
            return _added(request, f"The passkey “{given['name']}” is set up.")
    context = {"form": form, "options": begin_registration(request.user, passwordless=True)}
    return render(request, "accounts/new_passkey.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@freshly
def factor(request: PersonRequest, number: int) -> HttpResponse:
    """One factor: another name for a passkey, or away with it (`remove`)."""
    row = get_object_or_404(Authenticator, pk=number, user=request.user, type__in=FACTORS)
    shown = next(each for each in factors_of(request.user) if each.id == row.pk)
    is_passkey = shown.kind == FactorKind.PASSKEY
    problem = ""
    form = PasskeyNameForm(request.POST or None, initial={"name": shown.name}) if is_passkey else None
    try:
        if request.method == "POST" and "remove" in request.POST:
            remove_factor(row, actor=request.user.as_actor())
            messages.success(request, f"{shown.name} is removed.")
            return redirect("security:overview")
        if form is not None and form.is_valid():
            rename_passkey(row, form.cleaned_data["name"], actor=request.user.as_actor())
            return redirect("security:overview")
    except Refused as refused:
        problem = refused.problem
    context = {"factor": shown, "form": form, "problem": problem}
    return render(request, "accounts/factor.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@freshly
def recovery_codes(request: PersonRequest) -> HttpResponse:
    """The codes that were just made, this once; otherwise how many are left, and a button to make new ones."""
    problem = ""
    if request.method == "POST":
        try:
            make_recovery_codes(request.user, actor=request.user.as_actor())
        except Refused as refused:
            problem = refused.problem
        else:
            request.session[SHOWS_CODES] = True
            return redirect("security:recovery_codes")
    codes = unused_codes(request.user)
    shown = codes or [] if request.session.pop(SHOWS_CODES, False) else []
    text = CODES.format(name=request.user.username, codes="\r\n".join(shown))
    context = {
        "codes": shown,
        "file": f"data:text/plain;charset=utf-8,{quote(text)}",
        "left": None if codes is None else len(codes),
        "problem": problem,
    }
    return render(request, "accounts/recovery_codes.html", context, status=409 if problem else 200)


def _added(request: PersonRequest, message: str) -> HttpResponse:
    """Where codes came along with the first factor, they are shown next."""
    messages.success(request, message)
    if len(factors_of(request.user)) > 1:
        return redirect("security:overview")
    request.session[SHOWS_CODES] = True
    return redirect("security:recovery_codes")
