"""`GET /api/v1/incidents/N/activity/` and `…/as-of/`: the log of an incident, and what it was, for programs."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.plain import plain_entries
from activity.shapes import ENTRY
from activity.stream import ORDERS
from common.api_lists import list_answer, listed, listing
from common.endpoints import Endpoint
from common.shapes import answer, ident, list_of, looked_up, sometimes, text
from incidents.api.lookup import visible_or_404
from incidents.as_it_was.difference import differences
from incidents.filters.activity_filter import ActivityFilter
from incidents.queries.activity import asked
from incidents.queries.as_of import (
    NOW,
    moment,
    plain_differences,
    plain_moment,
    plain_state,
    state_at,
)
from incidents.queries.merging import merged_into
from incidents.shapes import DIFFERENCE, MOMENT, STATE

WHEN = looked_up(text("The `id` of an entry of the log, or a time, in UTC where it names no zone.", most=60))


class ActivityView(Endpoint):
    """The log of one incident and of those merged into it, entry by entry, by the same keys as the Activity tab.

    `sort=oldest` begins at the opening, `sort=newest`, as usual, at what happened last. `limit` (1 to 200, usually 50)
    entries come at once, `next` is the address of those that follow, or null. Times are UTC.
    """

    resource = "Activity"
    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": listing(ActivityFilter, ORDERS)}
    gives = {"GET": listed("Entries", "entries", ENTRY)}

    def get(self, request: Request, number: int) -> Response:
        """Read the log of an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        merged = merged_into(incident, principal)
        answer = list_answer(
            request,
            ActivityFilter,
            lambda query: asked(query, principal, incident, merged),
            plain_entries,
            name="entries",
            shown_at=reverse("incidents:activity", args=[incident.pk]),
        )
        return Response(answer)


class AsOfView(Endpoint):
    """An incident as it was at `entry` (the id of an entry of its log) or `at` (a time, in UTC where it names no zone;
    now where neither is said), rebuilt from the log. With `from`, and `to` where that is not now, what is otherwise
    between the two moments."""

    resource = "Activity"
    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": {"entry": WHEN, "at": WHEN, "from": WHEN, "to": WHEN}}
    gives = {
        "GET": answer(
            number=ident(),
            moment=sometimes(MOMENT),
            state=sometimes(STATE),
            from_=sometimes(MOMENT),
            to=sometimes(MOMENT),
            differences=sometimes(list_of(DIFFERENCE)),
        )
    }

    def get(self, request: Request, number: int) -> Response:
        """Read an incident as it was."""
        incident = visible_or_404(number, principal_of(request))
        with timezone.override(UTC):
            return Response(self.answer(request.query_params, incident.pk))

    def answer(self, query: QueryDict, number: int) -> dict[str, Any]:
        _check_that_they_fit(query)
        if "from" in query:
            begin, end = moment(number, "from", str(query["from"])), moment(number, "to", str(query.get("to") or NOW))
            if begin.last.sequence > end.last.sequence:
                begin, end = end, begin
            found = differences(state_at(begin), state_at(end))
            return {
                "number": number,
                "from": plain_moment(begin),
                "to": plain_moment(end),
                "differences": plain_differences(found),
            }
        key = "entry" if query.get("entry") else "at"
        found_moment = moment(number, key, str(query.get(key) or NOW))
        return {"number": number, "moment": plain_moment(found_moment), "state": plain_state(state_at(found_moment))}


def _check_that_they_fit(query: QueryDict) -> None:
    """Raises ValidationError for keys of which one would be left aside."""
    if "from" not in query and query.get("to"):
        raise ValidationError({"to": ["It ends what `from` begins; name that as well, or one moment by `at`."]})
    named = [key for key in ("from", "entry", "at") if query.get(key)]
    if len(named) > 1:
        raise ValidationError({named[1]: [f"Name either `{named[0]}` or `{named[1]}`."]})
