"""What every endpoint of the API shares: strict reading, and problems told as RFC 9457 documents."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.boundary import BoundaryError, parse_json
from common.errors import Conflict, Refused
from common.query_strings import UnknownKeys

PROBLEM_TYPE = "application/problem+json"


class StrictJSONParser(JSONParser):
    """JSON checked at the boundary: a bad value is a 400 that names the field, never a 500."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return parse_json(stream.read())
        except BoundaryError as error:
            raise exceptions.ValidationError({error.path or "body": [error.problem]}) from None


class AlwaysJSON(DefaultContentNegotiation):
    """Answers are JSON whatever is asked for; `format` is a key like any other, which the view reads or refuses."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        return renderers


def bad_query(error: UnknownKeys | ValidationError) -> exceptions.ValidationError:
    """What an address says that means nothing here, by key, as an endpoint raises it."""
    if isinstance(error, UnknownKeys):
        return exceptions.ValidationError(
            {key: [f"There is no key “{key}” here{hint}"] for key, hint in error.suggestions.items()}
        )
    return exceptions.ValidationError(error.message_dict)


class ForPersonsOnly(exceptions.APIException):
    """A token asks for what belongs to a person: their views, their bell, what they try out."""

    status_code = 403
    default_detail = "Not for tokens"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} belong to people; a token has none. Ask as a person who is signed in.")


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into `{"type", "title", "status", "detail", "errors"}`; source: RFC 9457."""
    if isinstance(error, UnknownKeys | ValidationError):
        error = bad_query(error)
    if isinstance(error, Refused):
        told = [{"field": field, "problem": words} for field, words in error.problems]
        return _answer(409, "Refused", error.problem, told)
    if isinstance(error, BoundaryError):
        return _answer(400, "Invalid input", error.problem, [{"field": error.path, "problem": error.problem}])
    if isinstance(error, Conflict):
        errors = [
            {"field": conflict.field, "problem": f"changed by {conflict.changed_by}", "current": conflict.theirs}
            for conflict in error.conflicts
        ]
        return _answer(412, "Changed meanwhile", str(error), errors)
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, exceptions.ValidationError):
        errors = [
            {"field": field, "problem": " ".join(str(message) for message in messages)}
            for field, messages in (error.detail.items() if isinstance(error.detail, dict) else [("", error.detail)])
        ]
        answer = _answer(400, "Invalid input", errors[0]["problem"], errors)
    elif isinstance(error, Http404 | exceptions.NotFound):
        answer = _answer(404, "Not found", "There is nothing here, or you may not see it.")
    elif isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        answer = _answer(403, "Not allowed", "Your role does not allow this; ask an administrator.")
    else:
        detail = str(getattr(error, "detail", error))
        answer = _answer(response.status_code, getattr(error, "default_detail", "Error"), detail)
    for header in ("WWW-Authenticate", "Retry-After", "Allow"):
        if header in response:
            answer[header] = response[header]
    return answer


def _answer(status: int, title: str, detail: str, errors: list[dict[str, Any]] | None = None) -> Response:
    body = {"type": "about:blank", "title": str(title), "status": status, "detail": detail}
    if errors:
        body["errors"] = errors
    return Response(body, status=status, content_type=PROBLEM_TYPE)
