"""`GET /api/v1/incidents/`: the queue for programs."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import User
from common.api_lists import list_answer, listed, listing
from common.endpoints import Endpoint
from common.shapes import answer, list_of
from incidents.api.lookup import LONGEST_NUMBER, visible_or_404
from incidents.commands.looking import record_look
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.queries import queue
from incidents.queries.plain import plain_incidents, plain_tasks
from incidents.queries.similar_shown import plain_similar
from incidents.shapes import INCIDENT, INCIDENT_IN_FULL, SIMILAR


class IncidentsView(Endpoint):
    """List incidents, by the same keys as the queue's page: the same address gives the same incidents.

    That holds for what an address leaves unsaid, too: without `status`, `severity` and `snoozed` come open incidents
    above informational that are awake, as on the page; `status=any&severity=any&snoozed=any` lifts that. `limit`
    (1 to 200, usually 50) incidents come at once, `next` is the address of those that follow, or null. `count=exact`
    counts all of them, `count=capped` up to 1,000. Keys that are about the page's look alone (`columns`,
    `open` …) are accepted and change nothing.
    """

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": listing(IncidentFilter, queue.SORTING)}
    gives = {"GET": listed("Incidents", "incidents", INCIDENT)}

    def get(self, request: Request) -> Response:
        """List incidents."""
        principal = principal_of(request)
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
    gives = {"GET": INCIDENT_IN_FULL}

    def get(self, request: Request, number: int) -> Response:
        """Read an incident."""
        principal = principal_of(request)
        found = plain_incidents([number], principal) if number <= LONGEST_NUMBER else []
        if not found:
            raise Http404
        if found[0]["restricted"] and isinstance(principal, User):
            record_look(Incident(pk=number, restricted=True), principal)
        found[0]["tasks"]["list"] = plain_tasks(number)
        return Response(with_addresses(found, request)[0])


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


def with_addresses(incidents: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Each with where it is found in the portal."""
    for incident in incidents:
        path = reverse("incidents:overview", args=[incident["number"]])
        incident["url"] = request.build_absolute_uri(path)
    return incidents
