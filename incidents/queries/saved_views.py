"""Saved views: which ones a person has, in what order, and how many incidents each holds."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import QueryDict

from accounts.models import User
from common.counting import Count, count_each
from common.query_strings import UnknownKeys, address
from incidents.choices import Audience
from incidents.filters import with_defaults
from incidents.models import Incident, SavedView, ViewPlace
from incidents.queries import queue
from incidents.starting_views import STARTING_VIEWS, StartingView

REMEMBERED = 30
"""Seconds for which a person's side list and its counts are not read again."""
MOST_COUNTED = 40
"""Views of one side list that are counted."""
LONGEST_COUNTING = 3_000
"""Milliseconds; a side list is not worth more of the database's time."""
LAST = 10_000
"""The place of what has been given none."""
NOT_FILTERS = frozenset({"view", "open", "after", "before"})
"""Keys of an address that say where one stands in a list, not which list it is."""


@dataclass(frozen=True, slots=True)
class View:
    """A view as a person has it: saved, or one of the starting ones."""

    slug: str
    name: str
    query: str
    icon: str = "saved_view"
    shared_with: str = "Only me"
    pk: int | None = None
    """None of a starting view."""
    version: int = 0
    creator: str = ""
    may_change: bool = False
    is_default: bool = False
    is_hidden: bool = False

    @property
    def is_starting(self) -> bool:
        return self.pk is None

    @property
    def url(self) -> str:
        return f"/views/{quote(self.slug)}/"


def find(slug: str, user: User) -> View | None:
    """The view of this slug, if this person may see it; starting views without reading."""
    if slug in STARTING_VIEWS:
        return _starting(STARTING_VIEWS[slug])
    saved = _saved(user).filter(slug=slug).first()
    return _of(saved, user) if saved else None


def deleted(slug: str, user: User) -> SavedView | None:
    """The view that an old link leads to, if it is gone and this person could have seen it."""
    return SavedView.objects.once_shown_to(user).filter(slug=slug, deleted_at__isnull=False).first()


def all_views(user: User) -> list[View]:
    """Every view of a person in the order of their side list, hidden ones too; two statements."""
    places = list(
        ViewPlace.objects.filter(user=user).values_list("view_id", "starting", "position", "is_default", "is_hidden")
    )
    placed: dict[Any, tuple[int, bool, bool]] = {
        view_id or starting: (position, is_default, is_hidden)
        for view_id, starting, position, is_default, is_hidden in places
    }
    nowhere = (LAST, False, False)
    found: list[tuple[tuple[Any, ...], View]] = []
    for number, starting in enumerate(STARTING_VIEWS.values()):
        place = placed.get(starting.slug, nowhere)
        found.append(((place[0], 0, number, ""), _starting(starting, *place[1:])))
    for saved in _saved(user):
        place = placed.get(saved.pk, nowhere)
        found.append(((place[0], 1, 0, saved.name.casefold()), _of(saved, user, *place[1:])))
    return [view for _, view in sorted(found, key=lambda pair: pair[0])]


def _saved(user: User) -> QuerySet[SavedView]:
    return SavedView.objects.visible_to(user).select_related("team", "creator")


def _starting(view: StartingView, is_default: bool = False, is_hidden: bool = False) -> View:
    return View(view.slug, view.name, view.query, view.icon, "Everyone", is_default=is_default, is_hidden=is_hidden)


def _of(saved: SavedView, user: User, is_default: bool = False, is_hidden: bool = False) -> View:
    return View(
        saved.slug,
        saved.name,
        saved.query,
        {Audience.TEAM: "team", Audience.EVERYONE: "saved_view", Audience.PRIVATE: "person"}[Audience(saved.audience)],
        audience_in_words(saved),
        saved.pk,
        saved.version,
        saved.creator.display_name,
        saved.may_be_changed_by(user),
        is_default,
        is_hidden,
    )


def audience_in_words(saved: SavedView) -> str:
    return saved.team.name if saved.team else "Everyone" if saved.audience == Audience.EVERYONE else "Only me"


# --- the side list on every page -----------------------------------------------------------------------------------


GENERATION = "views:generation"
"""Another one with every change of any view; what was remembered under a former one is read anew."""


@dataclass(slots=True)
class Remembered:
    """What is remembered of a person's side list; None where it has to be read."""

    generation: int | None
    """None where Redis does not say."""
    views: list[View] | None
    counts: dict[str, Count | None] | None


def remembered(user: User) -> Remembered:
    """Asked for in one go, and once in a request."""
    known: Remembered | None = user.__dict__.get("_side_list")
    if known is None:
        views_key, counts_key = f"views:{user.pk}", f"view-counts:{user.pk}"
        found = cache.get_many([GENERATION, views_key, counts_key])
        generation = found.get(GENERATION)
        views, counted = (
            value if generation is not None and of == generation else None
            for of, value in (found.get(views_key, (None, None)), found.get(counts_key, (None, None)))
        )
        if generation is None and cache.add(GENERATION, fresh := _another(), None):
            generation = fresh
        known = user.__dict__["_side_list"] = Remembered(generation, views, counted)
    return known


def side_list(user: User) -> list[View]:
    """The person's views, as read less than half a minute ago."""
    known = remembered(user)
    if known.views is None:
        known.views = all_views(user)
        _remember(f"views:{user.pk}", known.generation, known.views)
    return known.views


def default_view(user: User) -> View | None:
    """The view that the person's queue opens with."""
    return next((view for view in side_list(user) if view.is_default), None)


def forget_side_lists() -> None:
    """After a change of any view: everybody's side list is read anew."""
    cache.set(GENERATION, _another(), None)


def _another() -> int:
    """By chance, not by counting: a Redis that has lost what it kept would count anew."""
    return secrets.randbits(62)


def _remember(key: str, generation: int | None, value: Any) -> None:
    if generation is not None:
        cache.set(key, (generation, value), REMEMBERED)


def remembered_counts(user: User) -> dict[str, Count | None] | None:
    """The counts of the person's views, if they are less than half a minute old."""
    return remembered(user).counts


def counts(views: Sequence[View], user: User) -> dict[str, Count | None]:
    """How many incidents each view holds for this person, up to 1,000, in one statement; None where its query means
    nothing any more. Remembered for half a minute."""
    known = remembered(user)
    if known.counts is None or not {view.slug for view in views} <= known.counts.keys():
        lists = {view.slug: matching(view.query, user) for view in views[:MOST_COUNTED]}
        counted = _count_each({slug: rows for slug, rows in lists.items() if rows is not None})
        known.counts = {view.slug: counted.get(view.slug) for view in views}
        _remember(f"view-counts:{user.pk}", known.generation, known.counts)
    return known.counts


def matching(query: str, user: User) -> QuerySet[Incident] | None:
    """The incidents of a view's query; None for one that means nothing, such as that of a person who is gone."""
    try:
        return queue.asked(query_of(query), user).matching
    except (UnknownKeys, ValidationError, EmptyResultSet):
        return None


def _count_each(lists: dict[str, QuerySet[Any]]) -> dict[str, Count]:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {LONGEST_COUNTING}")
            return count_each(lists)
    except OperationalError:  # too slow: the list is shown without counts
        return {}


# --- the list that an address shows, compared with a view ----------------------------------------------------------


def query_of(text: str) -> QueryDict:
    """A view's query as an address has it; keys of one's place in a list are left out."""
    query = QueryDict(text, mutable=True)
    for key in NOT_FILTERS:
        query.pop(key, None)
    return query


def query_text(query: QueryDict) -> str:
    """An address's list as a view keeps it."""
    kept = {key: values for key, values in query.lists() if key not in NOT_FILTERS}
    return address("", {key: values for key, values in kept.items() if any(values)}).removeprefix("?")


def same_list(one: QueryDict, other: QueryDict) -> bool:
    """Whether two addresses show the same: filters, order and columns, whether or not they write defaults out."""
    return _state(one) == _state(other)


def _state(query: QueryDict) -> frozenset[tuple[str, str]]:
    full = with_defaults(query)
    said = {(key, value.strip()) for key, values in full.lists() if key not in NOT_FILTERS for value in values}
    return frozenset({(key, value) for key, value in said if value} - {("sort", queue.DEFAULT_ORDER)})
