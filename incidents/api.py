"""`GET /api/v1/incidents/`: the queue for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import principal_of
from accounts.choices import Permission
from common.api import AlwaysJSON, bad_query
from common.counting import CAP, count
from common.pagination import BadCursor, page_of_ids
from common.query_strings import UnknownKeys, address, check_keys, nearest, with_values
from incidents.filters import LIST_KEYS, IncidentFilter
from incidents.queries import queue
from incidents.queries.plain import plain_incidents

USUAL_LIMIT = 50
HIGHEST_LIMIT = 200
OWN_KEYS = ("limit", "count")
"""Keys that only the API knows, beside those of the page."""
COUNTS = ("exact", "capped")
LONGEST_NUMBER = 2**63 - 1


class IncidentsView(APIView):
    """List incidents, by the same keys as the queue's page: the same address gives the same incidents.

    That holds for what an address leaves unsaid, too: without `status`, `severity` and `snoozed` come open incidents
    above informational that are awake, as on the page; `status=any&severity=any&snoozed=any` lifts that. `limit`
    (1 to 200, usually 50) incidents come at once, `next` is the address of those that follow, or null. `count=exact`
    counts all of them, `count=capped` up to 1,000. Keys that are about the page's look alone (`columns`,
    `open` …) are accepted and change nothing.
    """

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request) -> Response:
        try:
            return Response(self.answer(request))
        except (UnknownKeys, ValidationError) as error:
            raise bad_query(error) from None

    def answer(self, request: Request) -> dict[str, Any]:
        given: QueryDict = request.query_params
        check_keys(given, [*IncidentFilter.keys(), *LIST_KEYS, *OWN_KEYS])
        limit, counting, principal = limit_of(given), counting_of(given), principal_of(request)
        wanted = queue.asked(without(given, OWN_KEYS), principal)
        try:
            page = page_of_ids(
                wanted.matching,
                wanted.order,
                after=given.get("after", ""),
                before=given.get("before", ""),
                size=limit,
            )
        except BadCursor as error:
            raise ValidationError({"before" if "before" in given else "after": [str(error)]}) from None
        state = with_values(wanted.query) | {key: given.getlist(key) for key in OWN_KEYS if key in given}
        here = request.build_absolute_uri(request.path)
        answer: dict[str, Any] = {
            "incidents": with_addresses(plain_incidents(page.ids, principal), request),
            "next": address(here, state | {"after": [page.next]}) if page.next else None,
            "page": request.build_absolute_uri(address(queue.queue_path(), with_values(wanted.query))),
        }
        if counting:
            number = wanted.matching.order_by().count() if counting == "exact" else count(wanted.matching).exact
            answer |= {"count": CAP if number is None else number, "count_is_exact": number is not None}
        return answer


class IncidentView(APIView):
    """One incident by its number; one that was merged away names the incident it went into in `redirected_to`."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request, number: int) -> Response:
        try:
            check_keys(request.query_params, ())
        except UnknownKeys as error:
            raise bad_query(error) from None
        found = plain_incidents([number], principal_of(request)) if number <= LONGEST_NUMBER else []
        if not found:
            raise Http404
        return Response(with_addresses(found, request)[0])


def limit_of(query: QueryDict) -> int:
    """How many incidents an address asks for at once; raises ValidationError."""
    word = one_of(query, "limit")
    if word is None:
        return USUAL_LIMIT
    if word.isascii() and word.isdigit() and len(word) < 10 and 1 <= int(word) <= HIGHEST_LIMIT:
        return int(word)
    raise ValidationError({"limit": [f"“{word[:60]}” is no limit; write a number from 1 to {HIGHEST_LIMIT}."]})


def counting_of(query: QueryDict) -> str:
    """How an address wants its incidents counted; "" for not at all. Raises ValidationError."""
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


def with_addresses(incidents: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Each with where it is found in the portal."""
    for incident in incidents:
        path = reverse("incidents:alerts", args=[incident["number"]])
        incident["url"] = request.build_absolute_uri(path)
    return incidents
