"""Pages for failure, in our look."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open longer than its session, or came from another site."""
    explanation = "This form was open too long or came from another site. Reload the page and send it again."
    return render(request, "403.html", {"explanation": explanation}, status=403)
