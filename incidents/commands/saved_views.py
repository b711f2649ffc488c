"""Saved views: lists of incidents under a name. Recorded in the system's stream, private ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Team, User
from activity.actors import Actor
from activity.record import Change, Draft, Subject, record
from activity.verbs import Verb
from common.command import command
from common.errors import Conflict, FieldConflict, Refused
from incidents import verbs
from incidents.choices import Audience
from incidents.models import SavedView, ViewPlace
from incidents.models.saved_view import shared_with
from incidents.starting_views import RESERVED_SLUGS, STARTING_VIEWS

LONGEST_NAME = 80
LONGEST_QUERY = 4_000
LONGEST_STEM = 70
"""Characters of a slug that come from the name; the rest is room for a number."""
SLUGS_LOCK = 0x57465653
"""Key of the advisory lock under which slugs are given, so that two views of one name get two."""


@dataclass(frozen=True, slots=True)
class ViewValues:
    """What people set of a view."""

    name: str
    query: str
    audience: Audience = Audience.PRIVATE
    team: Team | None = None


@command
def save_view(values: ViewValues, *, creator: User, actor: Actor) -> SavedView:
    """Keep a list under a name. Raises Refused for a name or list that is empty or too long."""
    values = _checked(values)
    view = SavedView(slug=_free_slug(values.name), creator=creator, changed_by=actor.label[:200])
    changes = _set(view, values, of_new=True)
    view.save()
    _record(verbs.VIEW_SAVED, actor, view, changes)
    return view


@command
def change_view(view: SavedView, values: ViewValues, *, based_on: int, actor: Actor) -> SavedView:
    """Give a view another name, list or audience. Its slug stays, so that links to it do.

    Raises Conflict when somebody else changed it since the version that this was based on, and to other values;
    Refused for values as in save_view, and for a view that was deleted meanwhile.
    """
    values = _checked(values)
    view = _locked(view)
    theirs = ViewValues(view.name, view.query, Audience(view.audience), view.team)
    changes = _set(view, values)
    if not changes:
        return view
    if view.version != based_on:
        raise Conflict(view.version, _conflicts(theirs, values, view.changed_by))
    view.version += 1
    view.updated_at = timezone.now()
    view.changed_by = actor.label[:200]
    view.save()
    _record(verbs.VIEW_CHANGED, actor, view, changes)
    return view


@command
def delete_view(view: SavedView, *, actor: Actor) -> None:
    """Take a view away from everybody who has it. Its slug is not given again."""
    view = _locked(view)
    view.deleted_at = timezone.now()
    view.version += 1
    view.changed_by = actor.label[:200]
    view.save(update_fields=["deleted_at", "version", "changed_by"])
    ViewPlace.objects.filter(view=view).delete()
    _record(verbs.VIEW_DELETED, actor, view, [Change(name, old, None) for name, old in _told(view).items()])


# --- one's own side list: nobody else sees it, so it leaves no entry -----------------------------------------------


def arrange_views(user: User, slugs: Sequence[str], hidden: Sequence[str]) -> None:
    """Put the views of these slugs into this order in the person's side list, and keep the hidden ones out of it."""
    with transaction.atomic():
        _hold_side_list(user)
        default = ViewPlace.objects.filter(user=user, is_default=True).select_related("view").first()
        ViewPlace.objects.filter(user=user).delete()
        ids = dict(SavedView.objects.visible_to(user).filter(slug__in=list(slugs)).values_list("slug", "pk"))
        known = [slug for slug in dict.fromkeys(slugs) if slug in ids or slug in STARTING_VIEWS]
        default_slug = (default.starting or default.view.slug if default.view else default.starting) if default else ""
        ViewPlace.objects.bulk_create(
            [
                ViewPlace(
                    user=user,
                    view_id=ids.get(slug) if slug not in STARTING_VIEWS else None,
                    starting=slug if slug in STARTING_VIEWS else "",
                    position=position,
                    is_hidden=slug in hidden,
                    is_default=slug == default_slug,
                )
                for position, slug in enumerate(known)
            ]
        )


def set_default_view(user: User, slug: str) -> None:
    """Let the person's queue open with this view; with the usual list for "". An unknown slug is the usual list."""
    with transaction.atomic():
        _hold_side_list(user)
        ViewPlace.objects.filter(user=user, is_default=True).update(is_default=False)
        if slug in STARTING_VIEWS:
            ViewPlace.objects.update_or_create(
                user=user, starting=slug, defaults={"is_default": True}, create_defaults=_last_place(user)
            )
        elif view := SavedView.objects.visible_to(user).filter(slug=slug).first():
            ViewPlace.objects.update_or_create(
                user=user, view=view, defaults={"is_default": True}, create_defaults=_last_place(user)
            )


def _hold_side_list(user: User) -> None:
    """One change of a person's side list at a time: two windows would otherwise each put the same view in place."""
    list(User.objects.select_for_update(of=("self",), no_key=True).filter(pk=user.pk).values_list("pk"))


LAST = 10_000
"""The position of what has been given none."""


def _last_place(user: User) -> dict[str, Any]:
    return {"is_default": True, "position": LAST}


# --- parts ---------------------------------------------------------------------------------------------------------


def _checked(values: ViewValues) -> ViewValues:
    name = " ".join(values.name.split())
    if not name:
        raise Refused("Give the view a name.", field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name has at most {LONGEST_NAME} characters; this has {len(name)}.", field="name")
    if len(values.query) > LONGEST_QUERY:
        raise Refused("This list has too many filters to be kept; take some away.", field="query")
    if (values.audience == Audience.TEAM) != (values.team is not None):
        raise Refused("Choose the team that shall see it.", field="audience")
    return ViewValues(name, values.query, values.audience, values.team)


def _locked(view: SavedView) -> SavedView:
    locked = SavedView.objects.select_for_update(of=("self",)).select_related("team").get(pk=view.pk)
    if locked.deleted_at is not None:
        raise Refused(f"{locked.changed_by} has deleted this view; save the list as a new one.")
    return locked


def _free_slug(name: str) -> str:
    """The name as a part of an address, numbered when another view has it or had it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SLUGS_LOCK])
    stem = slugify(name, allow_unicode=True)[:LONGEST_STEM].strip("-_") or "view"
    taken = set(SavedView.objects.filter(slug__startswith=stem).values_list("slug", flat=True)) | RESERVED_SLUGS
    number = 1
    while (slug := stem if number == 1 else f"{stem}-{number}") in taken:
        number += 1
    return slug


def _set(view: SavedView, values: ViewValues, *, of_new: bool = False) -> list[Change]:
    old = dict.fromkeys(_told(view)) if of_new else _told(view)
    view.name, view.query = values.name, values.query
    view.audience, view.team = values.audience, values.team
    return [Change(name, old[name], new) for name, new in _told(view).items() if old[name] != new]


def _told(view: SavedView) -> dict[str, Any]:
    """The view as the log keeps it."""
    return {"name": view.name, "query": view.query, "shared_with": shared_with(Audience(view.audience), view.team)}


def _conflicts(theirs: ViewValues, mine: ViewValues, changed_by: str) -> list[FieldConflict]:
    pairs = {
        "name": (theirs.name, mine.name),
        "query": (theirs.query, mine.query),
        "audience": (shared_with(theirs.audience, theirs.team), shared_with(mine.audience, mine.team)),
    }
    return [FieldConflict(name, their, own, changed_by) for name, (their, own) in pairs.items() if their != own]


def _record(verb: Verb, actor: Actor, view: SavedView, changes: Sequence[Change]) -> None:
    record(Draft(verb, actor, subject=Subject("saved_view", str(view.pk), view.name), changes=changes))
