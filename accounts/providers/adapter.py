"""How `allauth` finds our providers and what it does with whom they bring: everything is said by `let_in`."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.choices import Knock
from accounts.commands import count_refusal, let_in
from accounts.commands.outside import Outsider
from accounts.providers.configuration import AnyProvider, OpenIDConnect
from activity.actors import Actor, ActorKind
from common.errors import Refused

logger = logging.getLogger(__name__)

TIMES = (3, 10)
"""Seconds to connect to a provider, and to wait for what it says."""


def provider_of(slug: str) -> AnyProvider | None:
    """The provider of that slug, as the settings have it."""
    return next((each for each in settings.SIGN_IN_PROVIDERS if each.slug == slug), None)


def refusal(request: HttpRequest, words: str, status: int = 403) -> HttpResponse:
    """Whom a provider sent, and who does not come in: why, and what to do."""
    count_refusal(Knock.SIGN_IN_REFUSED)
    return render(request, "socialaccount/refused.html", {"words": words, "help": settings.SIGN_IN_HELP}, status=status)


class Providers(DefaultSocialAccountAdapter):
    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        """Those of the settings; none is ever looked for in the database."""
        return [_app(each) for each in settings.SIGN_IN_PROVIDERS if provider in (None, each.slug)]

    def get_requests_session(self) -> requests.Session:
        """A provider is asked where its settings say, waited for not long, and followed nowhere else."""
        session = requests.Session()
        session.max_redirects = 0
        session.trust_env = False
        session.request = partial(session.request, timeout=TIMES)  # type: ignore[method-assign]
        return session

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Whoever comes is somebody here by the end of this, or is told why not."""
        provider = provider_of(sociallogin.account.provider)
        outsider: Outsider = sociallogin.outsider
        if provider is None:
            raise ImmediateHttpResponse(refusal(request, "That way of signing in is there no more."))
        try:
            user = let_in(provider, outsider, actor=Actor(ActorKind.SYSTEM, f"Sign-in through {provider.name}"))
        except Refused as refused:
            raise ImmediateHttpResponse(refusal(request, refused.problem)) from None
        sociallogin.user = user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        logger.warning("signing in through %s failed: %s", provider, exception or error)
        words = f"{provider} did not let you in, or what it said could not be trusted. Try again from the sign-in page."
        raise ImmediateHttpResponse(refusal(request, words, 401))


def _app(provider: AnyProvider) -> SocialApp:
    is_oidc = isinstance(provider, OpenIDConnect)
    return SocialApp(
        provider="openid_connect" if is_oidc else "saml",
        provider_id=provider.slug,
        name=provider.name,
        client_id=provider.client_id if isinstance(provider, OpenIDConnect) else provider.slug,
        secret=provider.secret if isinstance(provider, OpenIDConnect) else "",
        settings={"server_url": provider.issuer} if isinstance(provider, OpenIDConnect) else {},
    )
