"""What every endpoint of the API shares: strict reading, and problems told as RFC 9457 documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from common.boundary import BoundaryError, parse_json
from common.errors import Conflict, Refused
from common.problems import PROBLEM_TYPE, document
from common.query_strings import UnknownKeys


class TooLarge(exceptions.APIException):
    status_code = 413
    default_detail = "Too large"


class StrictJSONParser(JSONParser):
    """JSON checked at the boundary: a bad value is a 400 that names the field, never a 500."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(most + 1)
        if len(data) > most:
            raise TooLarge(f"The request is larger than {most // (1024 * 1024)} MB; send less at a time.")
        try:
            return parse_json(data)
        except BoundaryError as error:
            raise exceptions.ValidationError({error.path or "body": [error.problem]}) from None


class AlwaysJSON(DefaultContentNegotiation):
    """Answers are JSON whatever is asked for; `format` is a key like any other, which the view reads or refuses."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        return renderers


def bad_query(error: UnknownKeys | ValidationError) -> exceptions.ValidationError:
    """What an address says that means nothing here, by key, as an endpoint raises it."""
    if isinstance(error, UnknownKeys):
        told = {key: [f"There is no key “{key}” here{hint}"] for key, hint in error.suggestions.items()}
        return exceptions.ValidationError(told | (error.beside.message_dict if error.beside else {}))
    return exceptions.ValidationError(error.message_dict)


class ForPersonsOnly(exceptions.APIException):
    """A token asks for what belongs to a person: their views, their bell, what they try out."""

    status_code = 403
    default_detail = "Not for tokens"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} belong to people; a token has none. Ask as a person who is signed in.")


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into `{"type", "title", "status", "detail", "errors"}`; source: RFC 9457. None for what nobody
    expected, which is logged and told by `common.problems.ToldAsProblems`."""
    if isinstance(error, UnknownKeys | ValidationError):
        error = bad_query(error)
    if isinstance(error, Refused):
        told = [{"field": field, "problem": words} for field, words in error.problems]
        return _answer(409, "Refused", error.problem, told)
    if isinstance(error, BoundaryError):
        return _answer(400, "Invalid input", error.problem, [{"field": error.path, "problem": error.problem}])
    if isinstance(error, Conflict):
        return _conflict(error)
    if isinstance(error, RequestDataTooBig):
        return _answer(413)
    if isinstance(error, SuspiciousOperation):
        return _answer(400)
    if isinstance(error, Http404 | exceptions.NotFound):
        return _answer(404)
    if isinstance(error, PermissionDenied | exceptions.PermissionDenied):
        return _answer(403)
    return _of_framework(error) if isinstance(error, exceptions.APIException) else None


def _of_framework(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        errors = [
            {"field": field, "problem": " ".join(str(message) for message in messages)}
            for field, messages in (error.detail.items() if isinstance(error.detail, dict) else [("", error.detail)])
        ]
        return _answer(400, "Invalid input", errors[0]["problem"], errors)
    has_usual_title = isinstance(
        error,
        exceptions.NotAuthenticated
        | exceptions.AuthenticationFailed
        | exceptions.MethodNotAllowed
        | exceptions.Throttled,
    )
    detail = "" if isinstance(error, exceptions.MethodNotAllowed) else str(error.detail)
    answer = _answer(error.status_code, "" if has_usual_title else str(error.default_detail), detail)
    if scheme := getattr(error, "auth_header", None):
        answer["WWW-Authenticate"] = scheme
    if wait := getattr(error, "wait", None):
        answer["Retry-After"] = str(int(wait))
    return answer


def _conflict(error: Conflict) -> Response:
    """412 (RFC 9110 section 15.5.13): what it is by now, and which of the wanted fields somebody else has changed."""
    errors = [
        {"field": each.field, "problem": f"changed by {each.changed_by}", "current": each.theirs, "yours": each.mine}
        for each in error.conflicts
    ]
    answer = _answer(412, "Changed meanwhile", str(error), errors, version=error.version)
    answer["ETag"] = f'"{error.version}"'
    return answer


def _answer(
    status: int, title: str = "", detail: str = "", errors: Sequence[dict[str, Any]] = (), **more: Any
) -> Response:
    return Response(document(status, title, detail, errors, **more), status=status, content_type=PROBLEM_TYPE)
