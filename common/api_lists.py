"""What the lists of the API have in common: the page's keys, a limit, a cursor, a count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

USUAL_LIMIT = 50
HIGHEST_LIMIT = 200
OWN_KEYS = ("limit", "count")
"""Keys that only the API knows, beside those of the page."""
COUNTS = ("exact", "capped")


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
