"""What every address of the API does alike before its method is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from common.api import AlwaysJSON
from common.bodies import Body
from common.query_strings import check_keys
from common.shapes import Shape, nothing

IDEMPOTENCY_KEY = "Idempotency-Key"
NOTHING = nothing()
Answers = Mapping[int, Shape | None]
"""Status → what is answered; None for an answer without a body."""


class Endpoint(APIView):
    """An address of the API. What it is not known to understand it refuses: methods that `needs` does not name
    (accounts/authentication.py), keys of the address that `keys` does not, and fields of a body that `takes` does not.

    What it declares is also how it is described (common/describing.py): a method's docstring names what it does, in a
    line, and may say more; where it says no more, the docstring of the class does.
    """

    content_negotiation_class = AlwaysJSON
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    needs: ClassVar[Mapping[str, Any]] = {}
    """Method → the permission it takes."""
    keys: ClassVar[Mapping[str, Iterable[str] | None]] = {}
    """Method → the keys its address may have, each with its shape; None where the method checks them itself, and none
    where it is not named. HEAD is as GET."""
    takes: ClassVar[Mapping[str, Shape]] = {}
    """Method → the body it takes. One that is not named takes none."""
    gives: ClassVar[Mapping[str, Shape | Answers]] = {}
    """Method → what it answers when all is well: under 200, or under each status."""
    refuses: ClassVar[Mapping[str, Sequence[int]]] = {}
    """Method → statuses beyond the usual ones with which it refuses."""
    keyed: ClassVar[Sequence[str]] = ("POST",)
    """Methods that take an Idempotency-Key (accounts/once.py)."""
    versioned: ClassVar[Sequence[str]] = ()
    """Methods that take If-Match, and nothing without it (common/preconditions.py)."""
    resource: ClassVar[str] = ""
    """Under which it is described, in the plural; usually the first word of its address."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        known = self.keys.get(method, ())
        if known is not None:
            check_keys(request.query_params, known)
        if IDEMPOTENCY_KEY in request.headers and method not in self.keyed:
            raise ValidationError({IDEMPOTENCY_KEY: ["No answers are kept here; leave the header out."]})

    def body(self, request: Request) -> Body:
        """The body of a request, by what the method takes."""
        return Body(request.data, self.takes.get(str(request.method), NOTHING))

    @property
    def allowed_methods(self) -> list[str]:
        """What the header Allow names."""
        return sorted(self.needs)
