"""Every answer of the API that any test sees is held to the OpenAPI document: its status, its type, its headers and
each value of its body, by path."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from common.problems import PROBLEM_TYPE
from portal.api_docs.document import document

API = "/api/v1/"
PAGES = (f"{API}docs/",)
"""What stands under the API's address and is for people."""
ANYWHERE = {405, 500}
"""Statuses that no operation documents: a method that an address does not take, and what nobody expected."""
TOLD = ("ETag", "Location", "Retry-After")
MOST_SHOWN = 5

differing: list[str] = []
"""What answers since the beginning of this test say otherwise than the document."""


def template(request: HttpRequest) -> str:
    """The address as the document writes it; "" for one that leads nowhere."""
    route = request.resolver_match.route if request.resolver_match else ""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route) if route else ""


@cache
def validator(form: str) -> Any:
    """For a schema as JSON, within the document."""
    schema = json.loads(form) | {"components": {"schemas": document()["components"]["schemas"]}}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def misfits(schema: dict[str, Any], value: Any) -> list[str]:
    """Where a value is not as the schema says."""
    found = []
    for error in validator(json.dumps(schema)).iter_errors(value):
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        found.append(f"{where or 'the whole'}: {error.message[:300]}")
    return found


def documented(path: str, method: str, status: int) -> dict[str, Any] | None:
    """What the document says of an answer; None where it does not know it."""
    operation = document()["paths"].get(path, {}).get("get" if method == "HEAD" else method.lower())
    found = operation and operation["responses"].get(str(status))
    if found and "$ref" in found:
        found = document()["components"]["responses"][found["$ref"].rsplit("/", 1)[-1]]
    return found or None


def differences(request: HttpRequest, response: HttpResponseBase) -> Iterator[str]:
    """What an answer is, and should not be."""
    path, status = template(request), response.status_code
    kind = response.get("Content-Type", "").partition(";")[0]
    known = documented(path, str(request.method), status)
    if known is None:
        operations = document()["paths"].get(path, {})
        if str(request.method).lower().replace("head", "get") in operations and status not in ANYWHERE:
            yield f"the document does not know the status {status}"
        if kind != PROBLEM_TYPE and status >= 400:
            yield f"a refusal of the type “{kind}”"
        return
    kinds, headers = known.get("content", {}), known.get("headers", {})
    described = kinds.get(kind, kinds.get("*/*"))
    if kinds and described is None:
        yield f"the type “{kind}” is not among {', '.join(kinds)}"
    yield from (f"the header {name} is not documented" for name in TOLD if name in response and name not in headers)
    must = [name for name, each in headers.items() if each.get("required")]
    yield from (f"the header {name} is missing" for name in must if name not in response)
    if not kinds and not response.streaming and getattr(response, "content", b""):
        yield "a body where none is documented"
    if described and "schema" in described and not response.streaming and request.method != "HEAD":
        content = response.content
        is_packed = response.get("Content-Encoding") == "gzip"
        yield from misfits(described["schema"], json.loads(gzip.decompress(content) if is_packed else content))


def checked(request: HttpRequest, response: HttpResponseBase) -> None:
    """Raises AssertionError for an answer that is not as documented; a test whose server swallows that hears of it in
    the end."""
    if not request.path.startswith(API) or request.path.startswith(PAGES):
        return
    found = list(differences(request, response))[:MOST_SHOWN]
    if found:
        told = f"{request.method} {request.get_full_path()} → {response.status_code}: {'; '.join(found)}"
        differing.append(told)
        raise AssertionError(told)


@contextmanager
def all_answers_checked() -> Iterator[None]:
    """Whoever asks within: the test client and servers that run in threads of this process alike."""
    plain: Callable[[BaseHandler, HttpRequest], HttpResponseBase] = BaseHandler.get_response

    def get_response(handler: BaseHandler, request: HttpRequest) -> HttpResponseBase:
        response = plain(handler, request)
        checked(request, response)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseHandler, "get_response", get_response)
        yield
