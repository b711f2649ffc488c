"""What every request passes: sign-in first, and times in the person's own zone."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import urlencode
from django_htmx.middleware import HtmxDetails


class SignInRequired(LoginRequiredMiddleware):
    """Pages are for people who are signed in, unless their view says otherwise (`login_not_required`)."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """A fragment is not replaced by a sign-in form: the whole page goes there, and comes back afterwards."""
        htmx: HtmxDetails | None = getattr(request, "htmx", None)
        if htmx:
            back = urlencode({"next": htmx.current_url_abs_path or "/"})
            return HttpResponse(status=401, headers={"HX-Redirect": f"{resolve_url('account_login')}?{back}"})
        return super().handle_no_permission(request, view_func)


class PersonalTimeZone:
    """Times on pages stand in the zone the person has chosen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            with timezone.override(zoneinfo.ZoneInfo(request.user.time_zone)):
                return self.get_response(request)
        return self.get_response(request)
