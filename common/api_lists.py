"""What the lists of the API have in common: the page's keys, a limit, a cursor, a count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from rest_framework.request import Request

from common.address_filter import AddressFilter
from common.composed import Listed
from common.counting import CAP, count
from common.pagination import BadCursor, Order, page_of_ids
from common.query_strings import address, check_keys, nearest, with_values
from common.shapes import (
    Member,
    Shape,
    answer,
    flag,
    link,
    list_of,
    looked_up,
    number,
    or_null,
    sometimes,
    text,
    word_of,
)
from common.sorting import Sorting

USUAL_LIMIT = 50
HIGHEST_LIMIT = 200
OWN_KEYS = ("limit", "count")
"""Keys that only the API knows, beside those of the page."""
COUNTS = ("exact", "capped")


CURSOR = "From the `next` of an earlier answer: where to go on."
ABOUT_KEYS = {
    "after": text(CURSOR),
    "before": text("From the address of an earlier page: what comes before it."),
    "limit": number("How many come at once; usually 50.", least=1, most=HIGHEST_LIMIT),
    "count": word_of(COUNTS, "Adds `count` and `count_is_exact`: `exact` counts all, `capped` stops at 1,000."),
}
ABOUT_PAGES = text("Is about the page's look alone; changes nothing here.")


NEXT_SHAPE = or_null(link("the address of what follows; null at the end"))


def listing(
    of: type[AddressFilter[Any, Any]], sorting: Sorting | Collection[str], fixed: Collection[str] = ()
) -> dict[str, Shape]:
    """The keys that the address of a list may have: those of its page, and those of the API; not those that its path
    says already."""
    keys = {key: field.shape() for key, field in of.FIELDS.items() if key not in fixed}
    for key in of.LIST_KEYS:
        keys[key] = looked_up(ABOUT_KEYS.get(key, ABOUT_PAGES))
    keys["sort"] = order_shape(sorting)
    return keys | {key: ABOUT_KEYS[key] for key in OWN_KEYS}


def order_shape(sorting: Sorting | Collection[str]) -> Shape:
    """What `sort` takes."""
    if not isinstance(sorting, Sorting):
        return word_of(sorting, "The order.")
    known = "|".join(sorting.keys)
    about = f"One to three of {', '.join(sorting.keys)}, with commas between; - in front turns one round."
    return looked_up(text(f"{about} Usually {sorting.usual}.", pattern=f"^-?({known})(,-?({known})){{0,2}}$"))


def listed(name: str, key: str, row: Shape, **more: Shape | Member) -> Shape:
    """What a list answers, with its rows under `key`."""
    return answer(
        name,
        **{key: list_of(row)},
        next=NEXT_SHAPE,
        page=link("the page that shows the same"),
        count=sometimes(number("how many there are, where the address asks for it")),
        count_is_exact=sometimes(flag("false where it stopped at 1,000")),
        **more,
    )


class Asked(Protocol):
    """The list that an address asks for."""

    @property
    def query(self) -> QueryDict: ...
    @property
    def order(self) -> Order: ...
    @property
    def matching(self) -> QuerySet[Any]: ...
    @property
    def listed(self) -> Listed: ...


def list_answer(
    request: Request,
    of: type[AddressFilter[Any, Any]],
    asked: Callable[[QueryDict], Asked],
    plain: Callable[[Sequence[int]], list[dict[str, Any]]],
    *,
    name: str,
    shown_at: str = "",
    fixed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The rows that an address asks for, under `name`, with the addresses of what follows and of the page that shows
    the same, which is that of the list unless `shown_at` says so. `fixed` are keys whose value the path says already.
    Raises UnknownKeys or ValidationError for an address that means nothing."""
    given: QueryDict = request.query_params
    fixed = fixed or {}
    check_keys(given, [key for key in (*of.keys(), *of.LIST_KEYS, *OWN_KEYS) if key not in fixed])
    limit, counting = limit_of(given), counting_of(given)
    query = without(given, OWN_KEYS)
    query.update(fixed)
    wanted = asked(query)
    try:
        page = page_of_ids(
            wanted.matching, wanted.order, after=given.get("after", ""), before=given.get("before", ""), size=limit
        )
    except BadCursor as error:
        raise ValidationError({"before" if "before" in given else "after": [str(error)]}) from None
    state = with_values(wanted.query) | {key: given.getlist(key) for key in OWN_KEYS if key in given}
    state = {key: words for key, words in state.items() if key not in fixed}
    here = request.build_absolute_uri(request.path)
    shown_at = shown_at or reverse(f"{of.NAMESPACE}:queue")
    answer: dict[str, Any] = {
        name: plain(page.ids),
        "next": address(here, state | {"after": [page.next]}) if page.next else None,
        "page": request.build_absolute_uri(address(shown_at, with_values(wanted.query))),
    }
    if counting:
        number = wanted.matching.order_by().count() if counting == "exact" else count(wanted.listed).exact
        answer |= {"count": CAP if number is None else number, "count_is_exact": number is not None}
    return answer


def limit_of(query: QueryDict) -> int:
    """How many rows an address asks for at once; raises ValidationError."""
    word = one_of(query, "limit")
    if word is None:
        return USUAL_LIMIT
    if word.isascii() and word.isdigit() and len(word) < 10 and 1 <= int(word) <= HIGHEST_LIMIT:
        return int(word)
    raise ValidationError({"limit": [f"“{word[:60]}” is no limit; write a number from 1 to {HIGHEST_LIMIT}."]})


def counting_of(query: QueryDict) -> str:
    """How an address wants its rows counted; "" for not at all. Raises ValidationError."""
    word = one_of(query, "count")
    if word is None or word in COUNTS:
        return word or ""
    raise ValidationError({"count": [f"“{word[:60]}” is no way to count{nearest(word, COUNTS)}"]})


def one_of(query: QueryDict, key: str) -> str | None:
    """The key's only value; raises ValidationError for a key that stands there twice."""
    words = query.getlist(key)
    if len(words) > 1:
        raise ValidationError({key: [f"“{key}” stands there {len(words)} times; once is enough."]})
    return words[0] if words else None


def without(query: QueryDict, keys: tuple[str, ...]) -> QueryDict:
    rest = query.copy()
    for key in keys:
        rest.pop(key, None)
    return rest


def following(request: Request, after: str) -> str | None:
    """The address of what follows a page of a list whose filters are its own; nothing at the end."""
    if not after:
        return None
    return address(request.build_absolute_uri(request.path), with_values(request.query_params, after=[after]))
