"""The OpenAPI document of the API, from what its endpoints declare."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from common.shapes import JSON
from portal.api_docs.examples import examples

SECURITY = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token, as `Authorization: Bearer wf_…`. People make their own under *Account*.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The session of a person who is signed in; writing takes the header X-CSRFToken as well.",
    },
}


_making = Lock()
"""drf-spectacular finds its own classes while it makes its first document, and breaks where a second is made beside."""


def document() -> dict[str, Any]:
    """OpenAPI 3.1, as plain values; made once in each process, since nothing in it changes while that lives."""
    with _making:
        return _document()


@cache
def _document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator(urlconf=settings.ROOT_URLCONF).get_schema(public=True)
    made["components"]["securitySchemes"] = SECURITY
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            _add_example(operation, examples().get(f"{method.upper()} {path}"))
    used = {tag for path in made["paths"].values() for operation in path.values() for tag in operation["tags"]}
    made["tags"] = [{"name": name} for name in sorted(used)]
    return made


def _add_example(operation: dict[str, Any], example: dict[str, Any] | None) -> None:
    """What was asked once, and what was answered."""
    if example is None:
        return
    asked = operation.get("requestBody", {}).get("content", {}).get(JSON)
    if asked is not None and example["body"] is not None:
        asked["examples"] = {"example": {"value": example["body"]}}
    answered = operation["responses"][str(example["status"])].get("content", {}).get(JSON)
    if answered is not None and example["answer"] is not None:
        answered["examples"] = {"example": {"value": example["answer"]}}
