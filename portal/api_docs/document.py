"""The OpenAPI document of the API, from what its endpoints declare."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

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


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, as plain values; made once in each process, since nothing in it changes while that lives."""
    made: dict[str, Any] = SchemaGenerator(urlconf=settings.ROOT_URLCONF).get_schema(public=True)
    made["components"]["securitySchemes"] = SECURITY
    used = {tag for path in made["paths"].values() for operation in path.values() for tag in operation["tags"]}
    made["tags"] = [{"name": name} for name in sorted(used)]
    return made
