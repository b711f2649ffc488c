"""Pages for failure, in our look."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.middleware import sign_in_first


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open longer than its session, or came from another site.

    HTMX has the page loaded anew, where what was typed is kept and can be sent at once; or signs in first.
    """
    if getattr(request, "htmx", None):
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return sign_in_first(request.htmx)  # type: ignore[attr-defined]
        return HttpResponse(status=403, headers={"HX-Refresh": "true"})
    explanation = "This form was open too long or came from another site. Reload the page and send it again."
    return render(request, "403.html", {"explanation": explanation}, status=403)
