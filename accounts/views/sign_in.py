"""The door's own pages."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.access import PersonRequest
from accounts.providers.configuration import AnyProvider


class SignInPage(LoginView):
    """`allauth`'s, with the providers of this installation."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        after = str(context.get("redirect_field_value") or "")
        ours = {"providers": ways_in(settings.SIGN_IN_PROVIDERS, after), "only_providers": settings.BREAK_GLASS_USER}
        return context | ours


def ways_in(providers: tuple[AnyProvider, ...], after: str) -> list[dict[str, str]]:
    """Name and address of each, leading on to `after`."""
    query = f"?{urlencode({REDIRECT_FIELD_NAME: after})}" if after else ""
    return [{"name": each.name, "url": reverse("provider", args=[each.slug]) + query} for each in providers]


@require_http_methods(["GET", "HEAD"])
def sign_in_again(request: PersonRequest) -> HttpResponse:
    """For people who have nothing here to show who they are by: they sign in once more, where they did before."""
    linked = set(SocialAccount.objects.filter(user=request.user).values_list("provider", flat=True))
    theirs = tuple(each for each in settings.SIGN_IN_PROVIDERS if each.slug in linked)
    context = {"providers": ways_in(theirs, request.GET.get(REDIRECT_FIELD_NAME, ""))}
    return render(request, "account/sign_in_again.html", context)
