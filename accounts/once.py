"""Idempotency-Key: a POST that is sent again, since its answer was lost, is answered as before and does nothing more.

Source: draft-ietf-httpapi-idempotency-key-header. A key is the principal's own; what was done and what was answered are
stored by one transaction, so a crash leaves neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, QueryDict
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.commands.answers import keep_answer, kept_answer, take_key
from common.command import in_one_transaction
from common.endpoints import IDEMPOTENCY_KEY

HEADER = IDEMPOTENCY_KEY
REPLAYED = "Idempotency-Replayed"
"""Of an answer that was given before: `true`."""
LONGEST = 255
KEPT_HEADERS = ("Location", "ETag", "Retry-After")


class InFlight(exceptions.APIException):
    """The first request under the key is still being carried out."""

    status_code = 409
    default_detail = "Being carried out"
    wait = 1

    def __init__(self) -> None:
        super().__init__(f"A request under this {HEADER} is being carried out; ask again in a moment.")


class UsedOtherwise(exceptions.APIException):
    """The key was used for another request."""

    status_code = 422
    default_detail = "Key used before"

    def __init__(self) -> None:
        super().__init__(f"This {HEADER} was used for another request; make a new one for each.")


def once(request: Request, act: Callable[[], Response], sent: bytes | None = None) -> HttpResponse:
    """What `act` answers; under an Idempotency-Key, only the first time, and then what was answered that time.

    Call it when it is certain that the principal sees what the request is about, so that nothing is repeated to
    somebody who does not any more. What was refused, or failed, is not kept: it may be corrected and sent again. `sent`
    is the body of an endpoint that reads it itself. Raises InFlight, UsedOtherwise, and what `act` raises.
    """
    key = _key_of(request)
    if key is None:
        return act()
    principal, mark = principal_of(request), _fingerprint(request, sent)

    def act_or_repeat() -> HttpResponse:
        if not take_key(principal, key):
            raise InFlight
        kept = kept_answer(principal, key)
        if kept is None:
            answer = act()
            if answer.status_code < 400:
                headers = {name: answer[name] for name in KEPT_HEADERS if name in answer}
                body = b"" if answer.data is None else JSONRenderer().render(answer.data)
                keep_answer(principal, key, mark, status=answer.status_code, headers=headers, body=body)
            return answer
        if kept.fingerprint != mark:
            raise UsedOtherwise
        headers = {**kept.headers, REPLAYED: "true"}
        return HttpResponse(bytes(kept.body), "application/json", kept.status, headers=headers)

    return in_one_transaction(act_or_repeat)


def _key_of(request: Request) -> str | None:
    """The key, which may stand in quotation marks as the draft writes it."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    key = key.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise exceptions.ValidationError({HEADER: [f"Write 1 to {LONGEST} letters, digits or signs, such as a UUID."]})
    return key


def _fingerprint(request: Request, sent: bytes | None) -> str:
    digest = hashlib.sha256(json.dumps([request.method, request.get_full_path()]).encode())
    digest.update(_canonical(request.data) if sent is None else sent)
    return digest.hexdigest()


def _canonical(data: Any) -> bytes:
    """The same bytes for the same body, however it was written: spaces, the order of fields, the boundary of a form."""
    if isinstance(data, QueryDict):
        data = {name: [_digest(each) for each in data.getlist(name)] for name in data}
    return json.dumps(data, sort_keys=True).encode()


def _digest(value: Any) -> Any:
    """A file of a form by its name and its bytes, which are then to be read from the start."""
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, digest.hexdigest()]
