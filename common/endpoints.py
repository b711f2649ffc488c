"""What every address of the API does alike before its method is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.views import APIView

from common.api import AlwaysJSON
from common.query_strings import check_keys


class Endpoint(APIView):
    """An address of the API. What it is not known to understand it refuses: methods that `needs` does not name
    (accounts/authentication.py), and keys of the address that `keys` does not."""

    content_negotiation_class = AlwaysJSON
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    needs: ClassVar[Mapping[str, Any]] = {}
    """Method → the permission it takes."""
    keys: ClassVar[Mapping[str, Sequence[str] | None]] = {}
    """Method → the keys its address may have; None where the method checks them itself, and none where it is not
    named. HEAD is as GET."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = "GET" if request.method == "HEAD" else str(request.method)
        known = self.keys.get(method, ())
        if known is not None:
            check_keys(request.query_params, known)

    @property
    def allowed_methods(self) -> list[str]:
        """What the header Allow names."""
        return sorted(self.needs)
