"""Setting one filter of a list: as a page by itself, or as the part of it that the list opens beside a chip. For every
list alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render

from accounts.access import PersonRequest
from accounts.acting import KnownActor
from accounts.models import Principal
from activity.actors import ActorKind
from common import filter_bar
from common.filter_bar import AnyFilter
from common.filter_fields import Field, Kind, TermsField
from common.filters import ANY
from common.marks import initials, person_mark
from common.query_strings import UnknownKeys, address, with_values

LONGEST_STATE = 8_000
"""Characters of a list's address."""


@dataclass(frozen=True, slots=True)
class FilteredList:
    """A list that can be filtered."""

    of: type[AnyFilter]
    made: Callable[[QueryDict, Principal], AnyFilter]
    """The list of an address, for somebody."""
    refused: Callable[[PersonRequest, UnknownKeys | ValidationError], HttpResponse]
    """The page that says why an address means nothing."""


def edit_filter(request: PersonRequest, filters: FilteredList) -> HttpResponse:
    """All filters there are to choose from; with `key`, the form of that one. `in` is the list it is for."""
    key = request.GET.get("key", "")
    try:
        wanted = list_behind(request, filters)
        field = filters.of.field(key) if key else None
    except (UnknownKeys, ValidationError) as error:
        return filters.refused(request, error)
    return page(request, wanted, field)


def apply_filter(request: PersonRequest, filters: FilteredList) -> HttpResponse:
    """Go to the list with one filter set as the form says; 422 with the form where it says what nobody understands."""
    try:
        wanted = list_behind(request, filters)
        field = filters.of.field(request.GET.get("key", ""))
    except (UnknownKeys, ValidationError) as error:
        return filters.refused(request, error)
    words = words_of(field, request.GET)
    if not words and field.key in wanted.DEFAULTS:
        words = [ANY]
    try:
        if words:
            wanted.condition(field.key, words)
    except ValidationError as error:
        problem = " ".join(error.message_dict[field.key])
        return page(request, wanted, field, problem=problem, said=words, status=422)
    return HttpResponseRedirect(
        address(wanted.address_of("queue"), with_values(wanted.data, **{field.key: words or None}))
    )


def list_behind(request: PersonRequest, filters: FilteredList) -> AnyFilter:
    """The list that the filter is for, as its address in `in` says; what that does not say, the defaults say.

    Raises UnknownKeys or ValidationError for one that means nothing.
    """
    state = QueryDict(request.GET.get(filter_bar.STATE, "")[:LONGEST_STATE].replace("\x00", ""))
    wanted = filters.made(filters.of.with_defaults(state), request.user)
    wanted.check()
    return wanted


def words_of(field: Field, form: QueryDict) -> list[str]:
    """What the form of a filter says, as words of its key."""
    words = [word.strip() for word in form.getlist("value") if word.strip()]
    since, until = form.get("from", "").strip(), form.get("to", "").strip()
    if field.kind in (Kind.TIME, Kind.RANGE) and (since or until):
        return [since if since == until and field.kind == Kind.RANGE else f"{since}..{until}"]
    if isinstance(field, TermsField):  # always said in one order, so that equal lists have equal addresses
        slugs = field.terms.slugs()
        words.sort(key=lambda word: slugs.index(word) if word in slugs else len(slugs))
    return words


def page(
    request: PersonRequest,
    wanted: AnyFilter,
    field: Field | None,
    *,
    problem: str = "",
    said: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    path = wanted.address_of("queue")
    state = filter_bar.state_of(wanted.data)
    context: dict[str, Any] = {
        "state": state,
        "choices": filter_bar.choices(wanted),
        "list_url": f"{path}?{state}",
        "noun": wanted.noun,
        "filter_url": filter_bar.page_url(wanted),
        "apply_url": wanted.address_of("apply_filter"),
    }
    if field:
        context |= {
            "editor": filter_bar.editor(field.key, wanted, path),
            "problem": problem,
            "said": ", ".join(said or []),
            "is_set": field.key in wanted.words and ANY not in wanted.words[field.key],
            "remove_url": address(
                path, with_values(wanted.data, **{field.key: [ANY] if field.key in wanted.DEFAULTS else None})
            ),
        }
    is_part = request.htmx and (status == 422 or not request.htmx.boosted)
    response = render(request, f"accounts/filter.html{'#editor' if is_part else ''}", context, status=status)
    response["Vary"] = "HX-Request, Cookie"
    if is_part and status == 422:
        response["HX-Retarget"], response["HX-Reselect"], response["HX-Reswap"] = (
            "#filter-panel",
            ".filter-editor",
            "innerHTML",
        )
        response["HX-Push-Url"] = "false"
    return response


def options_of_actors(found: Sequence[KnownActor]) -> list[dict[str, Any]]:
    """Those who acted in a log, as what a filter suggests."""
    return [
        {
            "value": one.word,
            "label": one.label,
            "hint": one.word,
            "mark": person_mark(initials(one.label), one.label, "person" if one.kind == ActorKind.USER else "system"),
        }
        for one in found
    ]
