"""`GET /api/v1/alerts/` and `…/alerts/N/`: the alert list, and one alert, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404
from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Principal, User
from alerts.filters.alert_filter import AlertFilter
from alerts.lookup import looked_at, visible_alerts
from alerts.models import Alert
from alerts.queries import queue
from alerts.queries.plain import plain_alerts
from alerts.queries.plain_detail import PARTS, plain_alert
from alerts.shapes import ALERT, ALERT_IN_FULL
from common.address_filter import filled
from common.api_lists import list_answer, listed, listing
from common.endpoints import Endpoint
from common.filters import ANY
from common.preconditions import with_tag
from common.query_strings import nearest
from common.shapes import list_of, tagged, word_of


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
        return Response(alerts_answer(request))


class AlertDetailView(Endpoint):
    """One alert: what its list says of it, why it is in its incident, its techniques by name, its evidence with the
    processes beneath those that started them. `with=raw` adds the record as its source sent it."""

    needs = {"GET": Permission.SEE_INCIDENTS, "HEAD": Permission.SEE_INCIDENTS}
    keys = {"GET": {"with": list_of(word_of(PARTS), "What shall be answered as well.")}}
    gives = {"GET": tagged(ALERT_IN_FULL)}

    def get(self, request: Request, number: int) -> Response:
        """Read an alert."""
        return self.answer(request, alert_or_404(request, number), asked_parts(request))

    def answer(self, request: Request, alert: Alert, parts: tuple[str, ...] = (), **more: Any) -> Response:
        """An alert as it is now, under the version of its incident."""
        told = with_address(plain_alert(alert, principal_of(request), parts), request)
        return with_tag(Response(told | more), alert.incident.version)


def alerts_answer(request: Request, *, fixed: dict[str, str] | None = None) -> dict[str, Any]:
    """The alerts that an address asks for. Where the path says what they belong to (`fixed`, as in `list_answer`),
    those of any status and severity come, unless the address names some."""
    principal = principal_of(request)
    unsaid = {"status": [ANY], "severity": [ANY]} if fixed else {}

    def plain(ids: Sequence[int]) -> list[dict[str, Any]]:
        return [with_address(alert, request) for alert in plain_alerts(ids, principal)]

    return list_answer(
        request,
        AlertFilter,
        lambda query: queue.asked(filled(query, unsaid), principal),
        plain,
        name="alerts",
        fixed=fixed,
    )


def with_address(alert: dict[str, Any], request: Request) -> dict[str, Any]:
    """With where it is found in the portal."""
    return alert | {"url": request.build_absolute_uri(reverse("alerts:alert", args=[alert["id"]]))}


def alert_or_404(request: Request, number: int) -> Alert:
    """The alert of a number, as far as the principal may see it; a person's look at a restricted one is recorded."""
    principal: Principal = principal_of(request)
    found = visible_alerts(principal, [number]).first()
    if found is None:
        raise Http404
    return looked_at(found, principal) if isinstance(principal, User) else found


def asked_parts(request: Request) -> tuple[str, ...]:
    """What `with` asks for beside what is always answered. Raises ValidationError."""
    words = tuple(dict.fromkeys(request.query_params.getlist("with")))
    unknown = [f"“{word[:60]}” is no part of an alert{nearest(word, PARTS)}" for word in words if word not in PARTS]
    if unknown:
        raise ValidationError({"with": unknown})
    return words
