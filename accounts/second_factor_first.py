"""Roles that demand a second factor: whoever lacks one is led to set it up before anything else."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.access import View
from accounts.models import User


def before_second_factor(view: View) -> View:
    """Open the page to people who have yet to set a second factor up."""

    @functools.wraps(view)
    def opened(*args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(*args, **kwargs)

    opened.is_before_second_factor = True  # type: ignore[attr-defined]
    return opened


class SecondFactorFirst:
    """Pages and fragments. The API asks by itself (`accounts.authentication.SignedInPerson`), since only it knows
    whether a request speaks for a person or for a token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        user = request.user
        if not isinstance(user, User) or not user.lacks_second_factor:
            return None
        if getattr(view, "is_before_second_factor", False) or not getattr(view, "login_required", True):
            return None
        if getattr(request, "htmx", None):
            return HttpResponse(status=403, headers={"HX-Redirect": reverse("security:overview")})
        return redirect("security:overview")
