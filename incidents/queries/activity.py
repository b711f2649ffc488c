"""The Activity tab: the log of an incident by acts, as its address asks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.choices import Permission
from accounts.models import Principal, User
from activity.actors import ActorKind, Channel
from activity.models import Entry
from activity.queries import lines_of
from activity.stream import Asked, Page, asked_of, read_page
from common.components import component
from common.icons import icon
from incidents.filters.activity_filter import ActivityFilter
from incidents.models import BulkAct, Incident
from incidents.queries.texts import renderer


def asked(query: QueryDict, principal: Principal, incident: Incident, merged: Sequence[int]) -> Asked:
    """Raises UnknownKeys or ValidationError for an address that means nothing."""
    return asked_of(ActivityFilter(query, principal=principal, incident=incident.pk, merged=merged))


def page(wanted: Asked, user: User) -> Page:
    """The page that an address asks for, in a bounded number of statements. Raises ValidationError for a place that is
    none."""
    return read_page(
        wanted,
        partial(
            lines_of,
            incident_id=wanted.filter.incident,
            actor_id=user.pk,
            rendered=renderer(user),
            ways=lambda rows: ways_of(rows, user),
            menu=partial(menu_of, may_empty=user.may(Permission.EMPTY_TEXTS)),
        ),
    )


def ways_of(entries: Sequence[Entry], user: User) -> dict[int, str]:
    """Where what entries came through is shown, as far as the person may see it: their own bulk acts, and rules."""
    batches = {entry.batch for entry in entries if entry.channel == Channel.BULK and entry.batch}
    acts = BulkAct.objects.filter(Q(pk__in=batches), user=user) if batches and user.may(Permission.BULK_EDIT) else None
    own = set(acts.values_list("pk", flat=True)) if acts is not None else set()
    rules = reverse("tuning:overview") if user.may(Permission.MANAGE_RULES) else ""
    found: dict[int, str] = {}
    for entry in entries:
        if entry.batch in own:
            found[entry.pk] = reverse("incidents:act", args=[entry.batch])
        elif rules and entry.actor_kind == ActorKind.RULE:
            found[entry.pk] = rules
    return found


def menu_of(entry: Entry, *, may_empty: bool = False) -> SafeString:
    """What can be asked of the moment of an entry, and done to its text. Made of numbers alone, so nothing in it needs
    escaping."""
    path, icons = f"/incidents/{entry.incident_id}", _menu_icons()
    here = f"{path}/activity/?entry={entry.pk}#entry-{entry.sequence}"
    items = (
        f'<a class="menu-item" href="{path}/as-of/?entry={entry.pk}">{icons[0]}<span>As of this moment</span></a>'
        f'<a class="menu-item" href="{path}/as-of/?from={entry.pk}">{icons[1]}<span>What changed since</span></a>'
        f'<button class="menu-item" type="button" data-copy-link="{here}">{icons[2]}<span>Copy link</span></button>'
    )
    if may_empty and entry.body is not None and entry.body.text is not None:
        empty = f"{path}/activity/{entry.sequence}/empty/"
        items += f'<a class="menu-item" href="{empty}">{icons[4]}<span>Empty the text …</span></a>'
    more = {"label": "More", "icon": icons[3], "icon_only": True, "kind": "quiet", "size": "s", "align": "end"}
    return component("menu", content=mark_safe(items), shortcut="", **more)


@cache
def _menu_icons() -> tuple[SafeString, ...]:
    return icon("time"), icon("activity"), icon("copy_link"), icon("more"), icon("delete")
