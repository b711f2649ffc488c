"""What the queue's page says of the saved view it shows, and its buttons: save, share, take out."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from accounts.access import PersonRequest
from accounts.choices import Permission
from accounts.people import by_name
from common.query_strings import address, with_values
from incidents.queries import saved_views
from incidents.queries.queue import DEFAULT_ORDER
from incidents.queries.saved_views import View
from incidents.query_text import names


def view_bar(request: PersonRequest, link: str, columns: str) -> dict[str, Any]:
    """Context around the list at `link`, the address that shows it to anybody, in these columns."""
    path, _, text = link.partition("?")
    query = QueryDict(text)
    view, usual = present_view(request), saved_views.default_view(request.user)
    plain = {"sort": [DEFAULT_ORDER]} | with_values(query, view=None)
    mine = {"sort": [DEFAULT_ORDER]} | with_name(query, request.user.username)
    # “Reset all” would otherwise lead to the view again that opens this person's queue
    reset = {"reset_url": "/views/open/"} if usual and usual.slug != "open" else {}
    return reset | {
        "view": view,
        "view_changed": view is not None and not saved_views.same_list(request.GET, QueryDict(view.query)),
        "view_is_default": view is not None and usual is not None and view.slug == usual.slug,
        "view_query": saved_views.query_text(query),
        "save_url": address("/views/new/", plain),
        "copy_url": address(path, plain),
        "copy_named_url": address(path, mine) if mine != plain else "",
        "exports": exports(plain, columns) if request.user.may(Permission.EXPORT) else [],
    }


def present_view(request: PersonRequest) -> View | None:
    """The view that the address names; one that is gone or not for this person is none."""
    slug = request.GET.get("view", "")
    return saved_views.find(slug, request.user) if slug and "\x00" not in slug else None


def with_name(query: QueryDict, username: str) -> dict[str, list[str]]:
    """The query with “me” replaced by the person's name, so that the link means them to whoever opens it."""
    values = with_values(query, view=None)
    for key in values.keys() & set(names.PEOPLE_KEYS):
        values[key] = by_name(values[key], username)
    if "q" in values:
        values["q"] = [names.with_name(text, username) for text in values["q"]]
    return values


def exports(values: dict[str, list[str]], columns: str) -> list[dict[str, str]]:
    """What the list can be taken out as."""
    return [
        {"label": f"{name}, {what}", "url": address(f"/exports/incidents.{ending}", values | {"columns": [chosen]})}
        for chosen, what in ((columns, "the columns shown"), ("all", "all columns"))
        for name, ending in (("CSV", "csv"), ("JSON", "json"))
    ]
