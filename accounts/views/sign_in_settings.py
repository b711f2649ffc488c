"""How people sign in, for administrators: which roles take a second factor, and what a person signs in with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from accounts.commands import demand_second_factor, end_sessions, take_factors
from accounts.models import Role, User
from accounts.providers.configuration import AnyProvider, OpenIDConnect
from accounts.second_factors import factors_of, people_with_factor, unused_codes
from accounts.session_list import sessions_of

MANAGE = Permission.MANAGE_PEOPLE


@needs(get=MANAGE)
def overview(request: PersonRequest) -> HttpResponse:
    """All roles with how many of their people have a second factor; a person is found by name."""
    active = Q(users__is_active=True)
    with_factor = active & Q(users__in=people_with_factor())
    roles = Role.objects.annotate(
        people=Count("users", filter=active, distinct=True), secured=Count("users", filter=with_factor, distinct=True)
    )
    word = request.GET.get("person", "").strip().lower()
    if word:
        user = User.objects.get_queryset().filter(username=word).first()
        if user is not None:
            return redirect("sign_in_settings:person", user.username)
        messages.error(request, f"There is no user “{word}”. Write the username, such as ana.")
    context = {
        "roles": roles.order_by("name"),
        "providers": [_told(request, each) for each in settings.SIGN_IN_PROVIDERS],
        "break_glass_user": settings.BREAK_GLASS_USER,
    }
    return render(request, "accounts/sign_in_settings.html", context)


def _told(request: PersonRequest, provider: AnyProvider) -> dict[str, Any]:
    """A provider, with the addresses that it has to be told of."""
    if isinstance(provider, OpenIDConnect):
        routes = {"Redirect URI": "provider_callback"}
    else:
        routes = {"Metadata": "saml_metadata", "Assertion consumer service": "saml_acs"}
    tell = [
        (label, request.build_absolute_uri(reverse(route, args=[provider.slug]))) for label, route in routes.items()
    ]
    kind = "OpenID Connect" if isinstance(provider, OpenIDConnect) else "SAML"
    return {"name": provider.name, "rows": [("Kind", kind), *tell, ("New people", _new_people(provider))]}


def _new_people(provider: AnyProvider) -> str:
    return "Are given an account" if provider.creates_people else "Are refused"


@needs(post=MANAGE)
def demand(request: PersonRequest, slug: str) -> HttpResponse:
    """Have a role take a second factor (`demanded` is 1), or no longer (0)."""
    role = get_object_or_404(Role, slug=slug)
    demanded = request.POST.get("demanded")
    if demanded in ("0", "1"):
        demand_second_factor(role, demanded == "1", actor=request.user.as_actor())
    return redirect("sign_in_settings:overview")


@needs(get=MANAGE)
def person(request: PersonRequest, username: str) -> HttpResponse:
    """What somebody signs in with."""
    user = _person(username)
    codes = unused_codes(user)
    context = {
        "person": user,
        "factors": factors_of(user),
        "codes_left": None if codes is None else len(codes),
        "sessions": sessions_of(user, request.session.session_key),
    }
    return render(request, "accounts/sign_in_of_person.html", context)


@needs(post=MANAGE)
def take(request: PersonRequest, username: str) -> HttpResponse:
    """Take somebody's second factors away, for a lost phone."""
    user = _person(username)
    if take_factors(user, actor=request.user.as_actor()):
        messages.success(request, f"{user.display_name} has no second factor any more.")
    return redirect("sign_in_settings:person", user.username)


@needs(post=MANAGE)
def end_all(request: PersonRequest, username: str) -> HttpResponse:
    """Sign somebody out everywhere; where it is oneself, everywhere else."""
    user = _person(username)
    this = (request.session.session_key or "") if user == request.user else ""
    if end_sessions(user, actor=request.user.as_actor(), but=this):
        messages.success(request, f"{user.display_name} is signed out everywhere.")
    return redirect("sign_in_settings:person", user.username)


def _person(username: str) -> User:
    return get_object_or_404(User.objects.get_queryset().select_related("role"), username=username)
