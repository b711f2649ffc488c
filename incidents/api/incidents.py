"""`GET /api/v1/incidents/`: the queue for programs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Principal, User
from activity.news import Position, changed_since, moment
from common.address_filter import filled
from common.api_lists import limit_of, list_answer, listing, one_of, without
from common.bodies import LARGEST_ID
from common.endpoints import Endpoint
from common.filters import ANY
from common.preconditions import with_tag
from common.query_strings import address, check_keys
from common.shapes import answer, list_of, looked_up, tagged, text
from incidents.api.lookup import visible_or_404
from incidents.commands.looking import record_look
from incidents.filters import IncidentFilter
from incidents.filters.defaults import DEFAULTS
from incidents.models import Incident
from incidents.queries import queue
from incidents.queries.plain import plain_incidents, plain_tasks
from incidents.queries.similar_shown import plain_similar
from incidents.shapes import INCIDENT_IN_FULL, INCIDENTS, SIMILAR
from incidents.verbs import PERSONAL

LIFTED = {key: [ANY] for key in DEFAULTS}
NOW = "now"
CHANGED_SINCE = "What an answer gave under this name; 0 for everything from the beginning, now for nothing yet."

KEYS = listing(IncidentFilter, queue.SORTING) | {"changed_since": looked_up(text(CHANGED_SINCE))}
# with changed_since, no other keys but those of the filters and `limit` mean anything
KEYS |= {key: looked_up(shape) for key, shape in KEYS.items() if key not in IncidentFilter.FIELDS and key != "limit"}


class IncidentsView(Endpoint):
    """List incidents, by the same keys as the queue's page: the same address gives the same incidents.

    That holds for what an address leaves unsaid, too: without `status`, `severity` and `snoozed` come open incidents
    above informational that are awake, as on the page; `status=any&severity=any&snoozed=any` lifts that. `limit`
    (1 to 200, usually 50) incidents come at once, `next` is the address of those that follow, or null. `count=exact`
    counts all of them, `count=capped` up to 1,000. Keys that are about the page's look alone (`columns`,
    `open` …) are accepted and change nothing.

    `changed_since` asks for what has changed: 0 for everything from the beginning, `now` for nothing yet, or what an
    answer gave under this name.
    """

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": KEYS}
    gives = {"GET": INCIDENTS}

    def get(self, request: Request) -> Response:
        """List incidents."""
        principal = principal_of(request)
        if "changed_since" in request.query_params:
            return Response(changed_answer(request, principal))
        answer = list_answer(
            request,
            IncidentFilter,
            lambda query: queue.asked(query, principal),
            lambda ids: with_addresses(plain_incidents(ids, principal), request),
            name="incidents",
        )
        return Response(answer)


class IncidentView(Endpoint):
    """One incident by its number, with its tasks. One that was merged away names in `redirected_to` the incident it
    went into."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    gives = {"GET": tagged(INCIDENT_IN_FULL)}

    def get(self, request: Request, number: int) -> Response:
        """Read an incident."""
        return incident_answer(number, request)


def changed_answer(request: Request, principal: Principal) -> dict[str, Any]:
    """The incidents that have changed, in the order in which they did, and where to go on: at `next` while that is no
    null, and then with the `changed_since` of the last answer, whenever one likes.

    Filters mean what they always do, but none is set where the address leaves one unsaid: who follows what is open
    would never hear that it was closed.
    """
    given = request.query_params
    check_keys(given, [*IncidentFilter.keys(), "changed_since", "limit"])
    limit, word = limit_of(given), one_of(given, "changed_since") or ""
    wanted = queue.asked(filled(without(given, ("changed_since", "limit")), LIFTED), principal)
    try:
        since = Position(moment()) if word == NOW else Position.read(word)
        changed = changed_since(since, wanted.matching, size=limit, without=PERSONAL)
    except ValueError:
        sent = "Send what an answer gave as changed_since, or 0 for all from the beginning, or now."
        raise ValidationError({"changed_since": [f"“{word[:60]}” is no place in this log. {sent}"]}) from None
    here, until = request.build_absolute_uri(request.path), str(changed.until)
    state = {key: given.getlist(key) for key in given} | {"changed_since": [until]}
    return {
        "incidents": with_addresses(plain_incidents(changed.incidents, principal), request),
        "next": address(here, state) if changed.is_more else None,
        "changed_since": until,
    }


class SimilarView(Endpoint):
    """The incidents that are most like one, at most 20, the most alike first: what they share with it, and how they
    were closed. `likeness` goes from 8 to 100."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    gives = {"GET": answer("SimilarIncidents", similar=list_of(SIMILAR))}

    def get(self, request: Request, number: int) -> Response:
        """Find incidents that are like one."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return Response({"similar": with_addresses(plain_similar(incident, principal), request)})


def incident_answer(number: int, request: Request, **more: Any) -> Response:
    """One incident as it is now, with its tasks, and its version as the tag that If-Match takes. Raises Http404."""
    principal = principal_of(request)
    found = plain_incidents([number], principal) if number <= LARGEST_ID else []
    if not found:
        raise Http404
    if found[0]["restricted"] and isinstance(principal, User):
        record_look(Incident(pk=number, restricted=True), principal)
    found[0]["tasks"]["list"] = plain_tasks(number)
    told = with_addresses(found, request)[0] | more
    return with_tag(Response(told), told["version"])


def with_addresses(incidents: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Each with where it is found in the portal."""
    for incident in incidents:
        path = reverse("incidents:overview", args=[incident["number"]])
        incident["url"] = request.build_absolute_uri(path)
    return incidents
