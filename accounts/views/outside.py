"""To a provider and back."""

from __future__ import annotations

import logging
from datetime import timedelta

from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from accounts.commands.waiting_answers import keep_answer, take_answer
from accounts.providers import oidc, saml
from accounts.providers.adapter import provider_of, refusal
from accounts.providers.configuration import SAML, OpenIDConnect

logger = logging.getLogger(__name__)

ANSWER_COOKIE = "saml_answer"


@login_not_required
@require_GET
@never_cache
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """To the provider, with a state that only this browser can bring back."""
    provider = provider_of(slug)
    if provider is None:
        raise Http404
    if refused := _too_often(request):
        return refused
    try:
        found: HttpResponse = get_adapter().get_provider(request, slug).redirect_from_request(request)
        return found
    except (OAuth2Error, RequestException, OSError, ValueError, KeyError) as problem:
        logger.warning("%s cannot be asked: %s", slug, problem)
        return refusal(request, f"{provider.name} does not answer. Try again in a while.", 503)


@login_not_required
@require_GET
@never_cache
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """Back from OpenID Connect."""
    if not isinstance(provider_of(slug), OpenIDConnect):
        raise Http404
    if refused := _too_often(request):
        return refused
    view = OAuth2CallbackView.adapter_view(oidc.Adapter(request, slug))
    try:
        with transaction.atomic():
            found: HttpResponse = view(request)
            return found
    except (OAuth2Error, ValueError, KeyError, TypeError) as problem:
        logger.warning("signing in through %s failed: %s", slug, problem)
        return refusal(request, "What came back could not be trusted. Try again from the sign-in page.", 401)


@csrf_exempt
@login_not_required
@require_POST
@never_cache
def acs(request: HttpRequest, slug: str) -> HttpResponse:
    """Back from SAML: another site's form, with which browsers send no cookie of ours (SameSite). The answer is kept
    for a minute under a cookie of its own, and taken up by the next request, which has both."""
    if not isinstance(provider_of(slug), SAML):
        raise Http404
    if refused := _too_often(request):
        return refused
    answer = request.POST.get("SAMLResponse", "")
    if not saml.is_readable(answer):
        return refusal(request, "What came back is no answer of a provider. Try again from the sign-in page.", 400)
    response = redirect("saml_finish", slug)
    response.set_cookie(
        ANSWER_COOKIE,
        keep_answer(answer),
        max_age=timedelta(minutes=1),
        path=reverse("saml_finish", args=[slug]),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@require_GET
@never_cache
def finish(request: HttpRequest, slug: str) -> HttpResponse:
    """The answer, with the session that has asked for it."""
    if not isinstance(provider_of(slug), SAML):
        raise Http404
    answer = take_answer(request.COOKIES.get(ANSWER_COOKIE, ""))
    if not answer:
        return refusal(request, "That took too long. Try again from the sign-in page.", 400)
    try:
        with transaction.atomic():
            login = saml.login_of(request, get_adapter().get_provider(request, slug), answer)
            found: HttpResponse = complete_social_login(request, login)
            return found
    except saml.NotBelieved as problem:
        logger.warning("signing in through %s failed: %s", slug, problem)
        return refusal(request, "What came back could not be trusted. Try again from the sign-in page.", 401)


@login_not_required
@require_GET
def metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """What the provider is told of this portal."""
    if not isinstance(provider_of(slug), SAML):
        raise Http404
    try:
        said = saml.metadata_of(request, slug)
    except ValueError as problem:
        logger.warning("%s", problem)
        return refusal(request, "The metadata of that provider cannot be used.", 503)
    return HttpResponse(said, content_type="application/samlmetadata+xml")


def _too_often(request: HttpRequest) -> HttpResponse | None:
    found: HttpResponse | None = ratelimit.consume_or_429(
        request, app="allauth.account", action="login", limit_get=True
    )
    return found
