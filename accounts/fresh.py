"""A fresh look at who is there: what changes how a person signs in asks for it, if the last one is minutes ago."""

from __future__ import annotations

import functools
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.access import PersonRequest, View


def is_fresh(request: PersonRequest) -> bool:
    """Whether the person has shown who they are within the last minutes, at the door or since."""
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return any(record["at"] > since for record in get_authentication_records(request, request.user))


def freshly(view: View) -> View:
    """Ask first who is there, then come back. What was sent is not kept meanwhile: these forms hold little, and codes
    and keys have no place in a session."""

    @functools.wraps(view)
    def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if is_fresh(request) else ask_who(request)

    return guarded


def ask_who(request: PersonRequest) -> HttpResponse:
    """The way to the page that asks, and back."""
    ways = get_adapter().get_reauthentication_methods(request.user)
    back = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
    return redirect(f"{ways[0]['url'] if ways else reverse('sign_in_again')}?{back}")
