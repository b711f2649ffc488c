"""Saved views as plain values: what the API answers."""

from __future__ import annotations

from typing import Any

from accounts.models import Principal, User
from common.time_ranges import utc
from incidents.choices import Audience
from incidents.models import SavedView
from incidents.models.saved_view import shared_with
from incidents.queries.saved_views import all_views
from incidents.starting_views import STARTING_VIEWS, StartingView


def plain_views(principal: Principal) -> list[dict[str, Any]]:
    """The views that a person has, in the order of their side list; to a token, those that everybody has. Three
    statements at most."""
    saved = {view.slug: plain_view(view, principal) for view in visible_views(principal)}
    if not isinstance(principal, User):
        return [*map(_starting, STARTING_VIEWS.values()), *saved.values()]
    found = []
    for view in all_views(principal):
        told = saved.get(view.slug) or _starting(STARTING_VIEWS[view.slug])
        found.append(told | {"is_default": view.is_default, "is_hidden": view.is_hidden})
    return found


def visible_views(principal: Principal) -> Any:
    """The saved views that one may see, by name."""
    rows = SavedView.objects.visible_to(principal).select_related("team", "creator")
    return rows.order_by("name", "pk")


def starting_view(slug: str) -> dict[str, Any] | None:
    """One of the views that every installation has."""
    return _starting(STARTING_VIEWS[slug]) if slug in STARTING_VIEWS else None


def plain_view(view: SavedView, principal: Principal) -> dict[str, Any]:
    """A saved view: under its slug, the list as an address has it, and who sees it."""
    return {
        "slug": view.slug,
        "name": view.name,
        "query": view.query,
        "shared_with": shared_with(Audience(view.audience), view.team),
        "creator": {"key": view.creator.username, "name": view.creator.display_name},
        "may_change": isinstance(principal, User) and view.may_be_changed_by(principal),
        "is_built_in": False,
        "updated": utc(view.updated_at),
        "changed_by": view.changed_by or None,
        "version": view.version,
    }


def _starting(view: StartingView) -> dict[str, Any]:
    return {
        "slug": view.slug,
        "name": view.name,
        "query": view.query,
        "shared_with": str(Audience.EVERYONE),
        "creator": None,
        "may_change": False,
        "is_built_in": True,
        "updated": None,
        "changed_by": None,
        "version": 0,
    }
