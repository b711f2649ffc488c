"""`GET /api/v1/system/activity/`: the system's own log, for programs."""

from __future__ import annotations

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.filters import SystemLogFilter
from accounts.queries import system_log as queries
from activity.plain import plain_entries
from activity.shapes import ENTRY
from activity.stream import ORDERS
from common.api_lists import list_answer, listed, listing
from common.endpoints import Endpoint


class SystemActivityView(Endpoint):
    """The system's log entry by entry, by the same keys as its page: `actor`, `kind`, `subject`, `through`,
    `time`, `q`.

    `sort=oldest` begins at the first, `sort=newest`, as usual, at what happened last. `limit` (1 to 200, usually 50)
    entries come at once, `next` is the address of those that follow, or null. Times are UTC.
    """

    needs = {"GET": Permission.SEE_SYSTEM_LOG, "HEAD": Permission.SEE_SYSTEM_LOG}
    keys = {"GET": listing(SystemLogFilter, ORDERS)}
    gives = {"GET": listed("SystemEntries", "entries", ENTRY)}

    def get(self, request: Request) -> Response:
        """Read the system's log."""
        principal = principal_of(request)
        answer = list_answer(
            request,
            SystemLogFilter,
            lambda query: queries.asked(query, principal),
            plain_entries,
            name="entries",
            shown_at=reverse("system_log:overview"),
        )
        return Response(answer)
