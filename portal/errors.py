"""What is answered when something fails, whatever failed: pages, fragments and problem documents in our own words."""

from __future__ import annotations

import sys
from dataclasses import replace

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.choices import Permission
from accounts.models import User
from common.database_trouble import failure_of, was_lost
from common.failures import Failure, answer
from portal.middleware import sign_in_first

NOT_UNDERSTOOD = Failure(
    400,
    "This request did not make sense",
    "Something in the address or the form could not be read. Go back, check what was sent, and try again.",
)
ANOTHER_ADDRESS = replace(
    NOT_UNDERSTOOD,
    advice="The portal does not answer to the name it was called by. Use the address you were given, or ask an "
    "administrator to add the name to ALLOWED_HOSTS.",
)
MAY_NOT = Failure(
    403,
    "You may not do this",
    "Your role does not allow it. An administrator can change what your role may do.",
    icon="restricted",
)
OPEN_TOO_LONG = replace(
    MAY_NOT,
    title="This form can no longer be sent",
    advice="It was open too long or came from another site. Reload the page and send it again.",
)
NOT_THERE = Failure(
    404,
    "There is nothing here for you",
    "The address may be wrong, or it leads to something that you are not given access to. Ask the person who sent you "
    "the link.",
    icon="not_found",
)
TOO_OFTEN = Failure(
    429,
    "Too many tries",
    "This was tried too often within a short time. Wait a minute, then try again.",
    retry_after=60,
)
BROKEN = Failure(
    500,
    "Something broke on our side",
    "What you sent may not have been saved. Look whether it was, then try again; if it happens again, tell an "
    "administrator what you did.",
)


def too_large(most_bytes: int) -> Failure:
    """A request with more than it may hold."""
    return Failure(
        413,
        "That is too large",
        f"A request may hold {most_bytes // (1024 * 1024)} MB. Send less at a time, or a smaller file.",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return answer(request, too_large(settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
    if isinstance(exception, TooManyFieldsSent | TooManyFilesSent):
        advice = "It holds more fields or files than one form may. Send fewer at a time."
        return answer(request, Failure(413, "That is too much", advice))
    return answer(request, ANOTHER_ADDRESS if isinstance(exception, DisallowedHost) else NOT_UNDERSTOOD)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, MAY_NOT)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    person = request.__dict__.get("user")
    may_break = type(person) is User and person.may(Permission.BREAK_GLASS)
    return answer(request, NOT_THERE, break_glass_url=reverse("break_glass") if may_break else "")


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """For what is limited by how often, such as signing in."""
    return answer(request, TOO_OFTEN)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception."""
    return of_error(request, sys.exc_info()[1]) or answer(request, BROKEN)


def of_error(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """The answer where an exception says that the database is away or busy; None for any other."""
    is_reading = request.method in ("GET", "HEAD")
    failure = failure_of(error, is_reading=is_reading)
    if failure is None:
        return None
    response = answer(request, failure)
    response.may_be_asked_again = is_reading and was_lost(error)  # type: ignore[attr-defined]
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open longer than its session, or came from another site.

    HTMX has the page loaded anew, where what was typed is kept and can be sent at once; or signs in first.
    """
    if getattr(request, "htmx", None):
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return sign_in_first(request.htmx)  # type: ignore[attr-defined]
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    return answer(request, OPEN_TOO_LONG)
