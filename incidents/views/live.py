"""What changed since, for open pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from accounts.access import PersonRequest, needs
from accounts.choices import Permission
from incidents.queries import live as queries


@needs(get=Permission.SEE_INCIDENTS)
def changes(request: PersonRequest) -> HttpResponse:
    """What changed since a moment, for open pages: 204 when nothing did."""
    try:
        until, answer = queries.full_answer(request.user, request.GET)
    except queries.BadQuestion as bad:
        return JsonResponse({"problem": str(bad)}, status=400)
    queries.remember_session(request.session.session_key, request.user)
    return _answered(until, answer)


@needs(get=Permission.SEE_INCIDENTS)
def rows(request: PersonRequest) -> HttpResponse:
    """Some rows of a list as they are now, and its count: what an open page puts into their old places."""
    may_bulk = request.user.may(Permission.BULK_EDIT)
    try:
        found = queries.changed_rows(request.user, request.GET, selectable=may_bulk)
    except queries.BadQuestion as bad:
        return JsonResponse({"problem": str(bad)}, status=400)
    context = {"rows": found.html, "page": {"count": found.count}}
    response = render(request, "incidents/queue.html#changed", context)
    response["Cache-Control"] = "no-store"
    return response


def quick(request: HttpRequest, session_key: str) -> HttpResponse | None:
    """The same answer without the way through sign-in and views, where nothing happened; None where it takes that."""
    try:
        found = queries.quick_answer(session_key, request.GET)
    except queries.BadQuestion:
        return None
    return None if found is None else _answered(*found)


def _answered(until: int, answer: dict[str, Any] | None) -> HttpResponse:
    response = HttpResponse(status=204) if answer is None else JsonResponse(answer)
    response["X-Last-Entry"] = str(until)
    response["Cache-Control"] = "no-store"
    return response
