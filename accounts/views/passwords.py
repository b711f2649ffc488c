"""A new password by a link in a mail."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.commands import ask_for_reset, reset_password
from accounts.forms.passwords import NewPasswordForm, ResetForm
from accounts.tasks import send_resets
from common.errors import Refused
from common.jobs import wake_worker


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The answer is the same whether anybody has the address or not."""
    form = ResetForm(request.POST or None)
    if settings.SENDS_MAIL and form.is_valid():
        email = form.cleaned_data["email"]
        if refused := ratelimit.consume_or_429(
            request, app="allauth.account", action="reset_password", key=email.lower()
        ):
            return refused
        ask_for_reset(email, settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/"))
        wake_worker(send_resets, "")
        return redirect("reset_asked")
    context = {"form": form, "sends_mail": settings.SENDS_MAIL, "help": settings.SIGN_IN_HELP}
    return render(request, "account/reset.html", context, status=422 if form.errors else 200)


@login_not_required
@require_http_methods(["GET", "HEAD"])
def asked(request: HttpRequest) -> HttpResponse:
    return render(request, "account/reset_asked.html", {"help": settings.SIGN_IN_HELP})


class ChoosePassword(PasswordResetConfirmView):
    """Where the link leads: a form for the new password, under an address that no longer holds the key."""

    form_class: Any = NewPasswordForm  # Django's own has the names and the checks of its own pages
    template_name = "account/choose_password.html"
    success_url = reverse_lazy("account_login")

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        user: Any = self.user
        try:
            reset_password(user, form.cleaned_data["password"], actor=user.as_actor())
        except Refused as refused:
            form.add_error(refused.field, refused.problem)
            return self.form_invalid(form)
        self.request.session.pop("_password_reset_token", None)
        get_adapter(self.request).forget_tries(self.request, user)
        messages.success(self.request, "Your password is changed. Sign in with it.")
        return redirect(self.get_success_url())
