"""How failure is told: a page in our look to a browser, a sentence to HTMX, a problem document to programs.

Each says what to do and names the request. Nothing of it asks the database, the cache or the session: they may be what
failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.functional import LazyObject

from common.problems import API, PROBLEM_TYPE, document
from common.request_id import request_id


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, in words for whoever asked."""

    status: int
    title: str
    advice: str
    """What to do, in sentences."""
    retry_after: int | None = None
    """Seconds, where the same may succeed later."""
    icon: str = "error"

    @property
    def may_be_tried_again(self) -> bool:
        return self.status in (429, 500, 503)


def refused(sentence: str) -> Failure:
    """What a rule of the domain does not allow, as `common.errors.Refused` says it."""
    return Failure(409, "This cannot be done now", sentence)


def answer(request: HttpRequest, failure: Failure, **more: Any) -> HttpResponse:
    """The failure in the form that whoever asked can use. `more` is for the page: `break_glass_url`."""
    if request.path.startswith(API):
        response: HttpResponse = problem(failure)
    elif request.headers.get("HX-Request") == "true":
        # static/js/failures.js shows it as a message; what the person was working on stays
        response = HttpResponse(failure.advice, content_type="text/plain; charset=utf-8", status=failure.status)
    else:
        response = HttpResponse(page(failure, request, **more), status=failure.status)
    if failure.retry_after is not None:
        response["Retry-After"] = str(failure.retry_after)
    response["Cache-Control"] = "no-store"
    return response


def problem(failure: Failure) -> JsonResponse:
    """The failure as a problem document."""
    told = document(failure.status, failure.title, failure.advice)
    return JsonResponse(told, status=failure.status, content_type=PROBLEM_TYPE)


def page(failure: Failure, request: HttpRequest | None = None, **more: Any) -> str:
    """The page as HTML; by itself where even the template cannot be used."""
    address = request.get_full_path() if request and request.method in ("GET", "HEAD") else ""
    context = {"failure": failure, "reference": request_id(), "theme": _theme(request), "again": address, **more}
    return loader.render_to_string("failure.html", context)


def _theme(request: HttpRequest | None) -> str:
    """Of a person who is known already: whoever is not looked up yet would be looked up in the database."""
    person = getattr(request, "user", None)
    return "" if person is None or isinstance(person, LazyObject) else getattr(person, "theme", "")
