"""Choosing what a list shows: its columns, their order, its density. For every list alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.access import PersonRequest
from accounts.choices import Density
from accounts.commands import keep_columns, keep_part, set_preferences
from accounts.list_settings import kept_list
from common.columns import ListKind
from common.query_strings import address, with_values

LISTS = ("incidents", "alerts")
LONGEST_PART = 120


def choose_columns(request: PersonRequest, kind: ListKind) -> HttpResponse:
    """The form of check boxes in the order of the columns; its address carries the list's own query, to which it
    returns. To HTMX, the form alone. Without script, up and down are answered with the form anew."""
    query = request.GET.copy()
    if request.method == "POST":
        return _chosen(request, kind, query)
    try:
        shown = [column.key for column in kind.columns_of(query, kept_list(request.user, kind.name).columns)]
    except ValidationError:
        shown = list(kind.usual)
    return _form(request, kind, query, [*shown, *(key for key in kind.columns if key not in shown)], shown)


def _chosen(request: PersonRequest, kind: ListKind, query: QueryDict) -> HttpResponse:
    order = list(dict.fromkeys(key for key in request.POST.getlist("order") if key in kind.columns))
    order += [key for key in kind.columns if key not in order]
    ticked = set(request.POST.getlist("column"))
    shown = [key for key in order if key in ticked]
    act, _, moved = request.POST.get("act", "").partition(":")
    if act in ("up", "down") and moved in order:
        _move(order, moved, -1 if act == "up" else 1)
        return _form(request, kind, query, order, shown)
    if act == "reset":
        keep_columns(request.user, kind.name, [])
        return redirect(address(kind.path, with_values(query, columns=None)))
    if kind.leads_on and not set(shown) & set(kind.leads_on):
        labels = " or ".join(f"“{kind.columns[key].label}”" for key in kind.leads_on)
        return _form(request, kind, query, order, shown, f"Show at least {labels}: it opens the row.")
    usual = shown == list(kind.usual)
    keep_columns(request.user, kind.name, [] if usual else shown)
    density = request.POST.get("density", "")
    if density in Density.values:
        set_preferences(request.user, {"density": density}, actor=request.user.as_actor())
    return redirect(address(kind.path, with_values(query, columns=None if usual else [",".join(shown)])))


def _move(order: list[str], key: str, step: int) -> None:
    at = order.index(key)
    other = min(len(order) - 1, max(0, at + step))
    order[at], order[other] = order[other], order[at]


def _form(
    request: PersonRequest,
    kind: ListKind,
    query: QueryDict,
    order: Sequence[str],
    shown: Sequence[str],
    problem: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "choices": [
            {"key": key, "label": kind.columns[key].label, "hint": kind.columns[key].hint, "shown": key in shown}
            for key in order
        ],
        "densities": [
            {"value": density.value, "label": density.label, "current": density.value == request.user.density}
            for density in Density
        ],
        "problem": problem,
        "action": request.get_full_path(),
        "back_url": address(kind.path, with_values(query)),
    }
    template = "accounts/columns.html#form" if request.htmx and not request.htmx.boosted else "accounts/columns.html"
    return render(request, template, context, status=422 if problem else 200)


@require_POST
def close_part(request: PersonRequest, name: str) -> HttpResponse:
    """Remember that the person closed or opened a part of a list (static/js/remember.js)."""
    part = request.POST.get("part", "")
    if name not in LISTS or not part or len(part) > LONGEST_PART or "\x00" in part:
        return HttpResponse("There is no such part of a list.", status=400, content_type="text/plain; charset=utf-8")
    keep_part(request.user, name, part, closed=request.POST.get("open") != "1")
    return HttpResponse(status=204)
