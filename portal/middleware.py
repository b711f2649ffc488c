"""What every request passes: sign-in first, and times in the person's own zone."""

from __future__ import annotations

import secrets
import zoneinfo
from collections.abc import Callable
from gzip import GzipFile
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware, get_user
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django_htmx.middleware import HtmxDetails

from activity.remote import asked_from
from incidents.views.live import quick

SHORTEST_COMPRESSED = 200
"""Bytes; compressing less is not worth it."""
POLL = "/incidents/changes/"
"""incidents:changes; resolving it for every request would cost more than the answer."""


def sign_in_first(htmx: HtmxDetails) -> HttpResponse:
    """The answer that makes HTMX take the whole page to the sign-in and back."""
    back = urlencode({"next": htmx.current_url_abs_path or "/"})
    return HttpResponse(status=401, headers={"HX-Redirect": f"{resolve_url('account_login')}?{back}"})


class SignInRequired(LoginRequiredMiddleware):
    """Pages are for people who are signed in, unless their view says otherwise (`login_not_required`)."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:
        """A fragment is not replaced by a sign-in form: the whole page goes there, and comes back afterwards. Who has
        sent a form comes back to the page it stood on, where what was typed is kept."""
        htmx: HtmxDetails | None = getattr(request, "htmx", None)
        if htmx:
            return sign_in_first(htmx)
        if request.method not in ("GET", "HEAD"):
            return redirect_to_login(_page_of_form(request), resolve_url("account_login"))
        return super().handle_no_permission(request, view_func)


def _page_of_form(request: HttpRequest) -> str:
    """The page of ours that a form was sent from, or the first one."""
    address = urlsplit(request.headers.get("Referer", ""))
    if address.netloc != request.get_host():
        return "/"
    return urlunsplit(("", "", address.path or "/", address.query, ""))


class NothingNew:
    """Answers the polls of open pages to which nothing happened, which are nearly all requests there are, before
    anything else is done for them. Whatever is not as simple as that goes the whole way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == POLL and request.method == "GET":
            session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
            answer = quick(request, session_key) if session_key and request.get_host() else None
            if answer is not None:
                return answer
        return self.get_response(request)


class RemoteAddress:
    """What is recorded on the way says from where it came."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with asked_from(lambda: _address_of(request)):
            return self.get_response(request)


def _address_of(request: HttpRequest) -> str:
    """The client's address as the trusted proxies say it, and nobody else; "" where they do not."""
    try:
        return get_adapter(request).get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return ""


class PersonalTimeZone:
    """Times on pages stand in the zone the person has chosen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The person themselves, not what looks them up when asked: a page looks at them some hundred times.
        request.user = person = get_user(request)
        if person.is_authenticated:
            with timezone.override(zoneinfo.ZoneInfo(person.time_zone)):
                return self.get_response(request)
        return self.get_response(request)


class Compressed(GZipMiddleware):
    """Pages go out compressed: at a level that takes a third of the time that Django's takes, for a sixth more bytes.
    Tables that are streamed are left to Django."""

    LEVEL = 3

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or response.has_header("Content-Encoding"):
            return super().process_response(request, response)
        if len(response.content) < SHORTEST_COMPRESSED:
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        packed = self._compressed(response.content) if "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "") else b""
        if packed and len(packed) < len(response.content):
            response.content = packed
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.content))
            if response.headers.get("ETag", "").startswith('"'):
                response.headers["ETag"] = f"W/{response.headers['ETag']}"
        return response

    def _compressed(self, content: bytes) -> bytes:
        """With a name of random length before it, so that nobody learns from the size what a page says (BREACH)."""
        name = secrets.token_urlsafe(secrets.randbelow(self.max_random_bytes) + 1)
        packed = BytesIO()
        with GzipFile(name, "wb", self.LEVEL, packed, mtime=0) as file:
            file.write(content)
        return packed.getvalue()
