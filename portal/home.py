"""The front doors: straight to the queue, and to the first page of settings that a person may open."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from portal.navigation import settings_sections


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return redirect("incidents:queue")


@require_safe
def settings_home(request: HttpRequest) -> HttpResponse:
    """The first page of settings that this person may open."""
    sections = settings_sections(request)
    if not sections:
        raise PermissionDenied
    return redirect(sections[0]["url"])
