"""What the door has beside `allauth`'s own pages."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import PersonRequest


@require_http_methods(["GET", "HEAD"])
def sign_in_again(request: PersonRequest) -> HttpResponse:
    """For people who have nothing here to show who they are by: they sign in once more."""
    return render(request, "account/sign_in_again.html")
