"""`GET /api/v1/alerts/`: the alert list for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from alerts.filters.alert_filter import AlertFilter
from alerts.queries import queue
from alerts.queries.plain import plain_alerts
from alerts.shapes import ALERT
from common.api import bad_query
from common.api_lists import list_answer, listed, listing
from common.endpoints import Endpoint
from common.query_strings import UnknownKeys


class AlertListView(Endpoint):
    """List alerts, by the same keys as their page: the same address gives the same alerts.

    That holds for what an address leaves unsaid, too: without `status` and `severity` come active alerts above
    informational, as on the page; `status=any&severity=any` lifts that. `limit`, `next` and `count` are those of
    `/api/v1/incidents/`.
    """

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": listing(AlertFilter, queue.SORTING)}
    gives = {"GET": listed("Alerts", "alerts", ALERT)}

    def get(self, request: Request) -> Response:
        """List alerts."""
        principal = principal_of(request)

        def plain(ids: Sequence[int]) -> list[dict[str, Any]]:
            alerts = plain_alerts(ids, principal)
            for alert in alerts:
                alert["url"] = request.build_absolute_uri(reverse("alerts:alert", args=[alert["id"]]))
            return alerts

        try:
            return Response(
                list_answer(request, AlertFilter, lambda query: queue.asked(query, principal), plain, name="alerts")
            )
        except (UnknownKeys, ValidationError) as error:
            raise bad_query(error) from None
