"""The API described: for programs, and for people."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import EVERYBODY
from common.endpoints import Endpoint
from common.shapes import anything
from portal.api_docs.document import document
from portal.api_docs.page import Resource, matching, resources, things


class SchemaView(Endpoint):
    """The API as OpenAPI 3.1, with an example of each operation; the same for everybody who may use it."""

    resource = "Schema"
    needs = {"GET": EVERYBODY, "HEAD": EVERYBODY}
    gives = {"GET": anything("An OpenAPI document.")}

    def get(self, request: Request) -> Response:
        """Read this document."""
        return Response(document())


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API as people read it; `?q=` shows the operations that have all its words."""
    text = request.GET.get("q", "").strip()[:200]
    found = matching(text) if text else resources()
    context = {
        "search": text,
        "index": [(each.name, each.id, len(each.operations)) for each in found],
        "reference": reference() if not text else _written(found),
        "things": shapes(),
        "root": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "portal/api.html", context)


@cache
def reference() -> SafeString:
    """All operations, written once in each process."""
    return _written(resources())


@cache
def shapes() -> SafeString:
    return mark_safe(render_to_string("portal/api.html#things", {"things": things()}))


def _written(found: list[Resource]) -> SafeString:
    return mark_safe(render_to_string("portal/api.html#operations", {"resources": found}))
