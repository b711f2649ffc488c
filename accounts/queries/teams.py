"""Teams as pages and API show them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from accounts.models import Team, User
from common.marks import person_mark

MOST_NAMED = 8


def teams() -> list[Team]:
    """All that are there, by name, with their members; two statements."""
    return list(_with_members().order_by("name"))


def team_named(slug: str) -> Team | None:
    """The team of that slug with its members, unless it was deleted."""
    return _with_members().filter(slug=slug).first()


def _with_members() -> QuerySet[Team]:
    members = Prefetch("members", User.objects.get_queryset().order_by("display_name"), to_attr="in_it")
    return Team.objects.present().prefetch_related(members)


def rows() -> list[dict[str, Any]]:
    return [_row(team) for team in teams()]


def _row(team: Team) -> dict[str, Any]:
    members: list[User] = getattr(team, "in_it", [])
    return {
        "url": reverse("teams:team", args=[team.slug]),
        "name": team.name,
        "slug": team.slug,
        "count": len(members),
        "members": [person_mark(member.initials, member.display_name) for member in members[:MOST_NAMED]],
        "more": max(0, len(members) - MOST_NAMED),
    }


def plain(found: list[Team]) -> list[dict[str, Any]]:
    """As the API gives them; `key` is how assigning and filters name the team."""
    return [
        {
            "slug": team.slug,
            "key": f"team:{team.slug}",
            "name": team.name,
            "members": [member.username for member in getattr(team, "in_it", []) if member.is_active],
        }
        for team in found
    ]
