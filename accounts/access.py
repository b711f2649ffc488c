"""Who may open a page: the permission stands at the view, one for each method."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails

from accounts.choices import Permission
from accounts.models import User
from common import failures
from common.errors import Refused

View = Callable[..., HttpResponseBase]


class PersonRequest(HttpRequest):
    """A request behind sign-in, as the middleware leaves it: a person, and what HTMX says of itself."""

    user: User
    htmx: HtmxDetails


def needs(**permissions: Permission) -> Callable[[View], View]:
    """Allow only the methods named, each to people with its permission: `@needs(get=…, post=…)`.

    Another method is 405, a missing permission 403, what a command refuses 409 with its sentence.
    """
    by_method = {method.upper(): permission for method, permission in permissions.items()}
    if "GET" in by_method:
        by_method["HEAD"] = by_method["GET"]

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in by_method:
                return HttpResponseNotAllowed(sorted(by_method))
            user = request.user
            if not isinstance(user, User) or not user.may(by_method[request.method]):
                raise PermissionDenied
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                # Forms say it at the field; here ends what is only a button, such as one of an incident that was
                # merged away while its page was open.
                return failures.answer(request, failures.refused(refused.problem))

        guarded.permissions = by_method  # type: ignore[attr-defined]
        return guarded

    return decorate
