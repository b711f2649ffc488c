"""The OpenAPI document, for programs."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import EVERYBODY
from common.endpoints import Endpoint
from common.shapes import anything
from portal.api_docs.document import document


class SchemaView(Endpoint):
    """The API as OpenAPI 3.1, with an example of each operation; the same for everybody who may use it."""

    resource = "Schema"
    needs = {"GET": EVERYBODY, "HEAD": EVERYBODY}
    gives = {"GET": anything("An OpenAPI document.")}

    def get(self, request: Request) -> Response:
        """Read this document."""
        return Response(document())
