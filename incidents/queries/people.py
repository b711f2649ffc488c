"""Suggestions for type-ahead fields: whom to assign to, which tags are in use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.http import urlencode

from accounts.choices import Permission
from accounts.models import Principal, Team, User
from incidents.choices import TagKind
from incidents.models import Tag

MOST = 12


def assignable(
    text: str, user: User | None, right: Permission = Permission.EDIT_INCIDENTS
) -> tuple[list[User], list[Team]]:
    """Users who have the right, and teams, whose name, sign-in name or address begins a word with the text; oneself
    first."""
    text = text.strip().replace("\x00", "")
    users = User.objects.who_may(right)
    teams = Team.objects.present()
    if text:
        words = Q(display_name__istartswith=text) | Q(display_name__icontains=f" {text}")
        users = users.filter(words | Q(username__istartswith=text) | Q(email__istartswith=text))
        teams = teams.filter(Q(name__istartswith=text) | Q(name__icontains=f" {text}") | Q(slug__istartswith=text))
    found = list(users.order_by("display_name", "pk")[:MOST])
    if user is not None:
        found.sort(key=lambda one: one.pk != user.pk)
    return found, list(teams.order_by("name")[:MOST])


def tags_like(text: str, principal: Principal, kinds: tuple[str, ...] = (TagKind.CUSTOM,)) -> Sequence[Tag]:
    """Tags this person knows of that begin with the text, then those that contain it."""
    text = text.strip().replace("\x00", "").lower()
    tags = Tag.objects.known_to(principal).filter(kind__in=kinds).annotate(folded=Lower("name")).order_by("folded")
    if not text:
        return list(tags[:MOST])
    starting = list(tags.filter(folded__startswith=text)[:MOST])
    if len(starting) < MOST:
        containing: Any = tags.filter(folded__contains=text).exclude(pk__in=[tag.pk for tag in starting])
        starting += list(containing[: MOST - len(starting)])
    return starting


def addresses_of(names: Sequence[str]) -> dict[str, str]:
    """Where a mention leads: to the open incidents of the person or team, for names that somebody has."""
    users = User.objects.filter(username__in=names).values_list("username", Value(""))
    teams = Team.objects.present().filter(slug__in=names).values_list("slug", Value("team:"))
    return {
        name: f"{reverse('incidents:queue')}?{urlencode({'assignee': prefix + name})}"
        for name, prefix in users.union(teams, all=True)
    }
