"""Problems as RFC 9457 documents: what every refusal under /api/ is answered with, whoever refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from common.request_id import request_id
from common.shapes import answer, anything, list_of, number, sometimes, text

PROBLEM_TYPE = "application/problem+json"
API = "/api/"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

PROBLEM = answer(
    "Problem",
    type=text("about:blank: the status says what kind of problem it is"),
    title=text("the kind of problem, in a word or two"),
    status=number("the status, once more", least=400, most=599),
    detail=text("what is wrong, and the way out"),
    errors=sometimes(
        list_of(
            answer(
                field=text("the path of what is wrong in the body, such as tags[3], or a key of the address"),
                problem=text("what is wrong with it"),
                current=sometimes(anything("412: what it is by now")),
                yours=sometimes(anything("412: what was sent")),
            )
        )
    ),
    version=sometimes(number("412: the version by now")),
    request_id=sometimes(text("by which the log of the server names this request")),
)
"""RFC 9457, with members of ours."""

WORDS: dict[int, tuple[str, str]] = {
    400: ("Invalid request", "The request cannot be read; correct it."),
    401: ("Not signed in", "Send a token as “Authorization: Bearer wf_…”, or sign in."),
    403: ("Not allowed", "Your role does not allow this; ask an administrator."),
    404: ("Not found", "There is nothing here, or you may not see it."),
    405: ("Method not allowed", "This address does not take this method; the header Allow names those that it takes."),
    409: ("Refused", "Something stands in the way of this."),
    413: ("Too large", "The request is too large; send less at a time."),
    429: ("Too many requests", "Wait for as long as Retry-After says."),
    500: ("Internal error", "Something went wrong here, and nothing of this request was stored. It has been logged."),
    503: ("Not available", "This cannot be answered at the moment; try again in a moment."),
}
"""Status → title and detail of a problem of which nothing more is known."""
OTHER = ("Error", "The request could not be answered.")


def document(
    status: int, title: str = "", detail: str = "", errors: Sequence[dict[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    """`{"type", "title", "status", "detail", "errors", …}`; what is left out is said in the usual words of the status.

    `request_id` names the request as the log does. `errors` name a `field` each, by its path in what was sent
    ("tags[3]"), and its `problem`; `more` are members of this kind of problem alone (RFC 9457 section 3.2).
    """
    usual_title, usual_detail = WORDS.get(status, OTHER)
    told: dict[str, Any] = {"type": "about:blank", "title": title or usual_title, "status": status}
    told["detail"] = detail or usual_detail
    if errors:
        told["errors"] = list(errors)
    return told | more | {"request_id": request_id()}


class ToldAsProblems:
    """Whatever is answered under /api/ before a view or beside it, such as an unknown path or an error nobody expected,
    is a problem document as well: programs never have to read a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path_info.startswith(API):
            return response
        if response.status_code == 301 and request.method not in SAFE_METHODS:
            # followed, it would come as a GET without its body
            return told(HttpResponse(status=404), detail="Addresses end with a slash; add it.")
        if response.status_code < 400 or "json" in response.get("Content-Type", ""):
            return response
        return told(response)


def told(response: HttpResponseBase, detail: str = "") -> HttpResponse:
    """An answer as a problem document of its status; its other headers stay."""
    answer = HttpResponse(
        json.dumps(document(response.status_code, detail=detail)),
        status=response.status_code,
        headers={name: value for name, value in response.items() if not name.lower().startswith("content-")},
        content_type=PROBLEM_TYPE,
    )
    answer.cookies = response.cookies
    return answer
