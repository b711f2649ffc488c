"""The side list of views in the rail of every page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from incidents.queries import saved_views


def side_list_context(request: HttpRequest) -> dict[str, Any]:
    """The person's views with their counts as far as they are known, the present one marked; reads nothing that was
    read less than half a minute ago."""
    user = request.user
    assert isinstance(user, User)
    counts = saved_views.remembered_counts(user)
    present = present_slug(request)
    items = [
        {
            "label": view.name,
            "url": view.url,
            "icon": view.icon,
            "count": "" if counts is None else str(counts.get(view.slug) or ""),
            "note": "" if view.is_starting else f"{view.name}, {view.shared_with}",
            "current": view.slug == present,
        }
        for view in saved_views.side_list(user)
        if not view.is_hidden
    ]
    return {"items": items, "stale": counts is None, "url": reverse("views:side"), "all_url": reverse("views:overview")}


def present_slug(request: HttpRequest) -> str:
    """The view that the page shows; of a fragment, the page that asked for it."""
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.current_url_abs_path:
        parts = urlsplit(htmx.current_url_abs_path)
        path, named = unquote(parts.path), parse_qs(parts.query).get("view", [""])[0]
    else:
        path, named = request.path, request.GET.get("view", "")
    start, _, rest = path.partition("/views/")
    return rest.strip("/") if not start and rest.count("/") == 1 else named
