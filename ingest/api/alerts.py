"""`POST /api/v1/alerts/`: alerts come in; the same address lists them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import Permission
from accounts.models import AccessToken
from accounts.once import once
from accounts.throttling import count
from activity.actors import Channel
from alerts.api import AlertListView
from common.api import TooLarge
from common.shapes import word_of
from incidents.models import Incident
from ingest import limits
from ingest.commands import Outcome, Result, ingest
from ingest.formats.registry import FORMAT_NAMES, FormatError, parse_records
from ingest.parsed import ParsedAlert, RefusedRecord
from ingest.reading import GZIP_START, read_records
from ingest.shapes import ALERTS_SENT, TAKEN_IN


class AlertsView(AlertListView):
    """List alerts (GET, see alerts/api.py), or send some.

    POST takes one alert, or a list of up to 500, in any of the formats that are understood.

    The format is found from the content; `?format=` names it. Each alert has its own result: `created`, `updated`
    (sent before, changed since), `repeated` (sent before, unchanged) or `refused` with field and problem. A refused
    one never stops the others. Answers 201 when something was created, 200 when not, 400 when all were refused.
    """

    needs = AlertListView.needs | {"POST": Permission.SEND_ALERTS}
    keys = AlertListView.keys | {"POST": {"format": word_of(FORMAT_NAMES, "Usually auto: told from the content.")}}
    takes = {"POST": ALERTS_SENT}
    gives = AlertListView.gives | {"POST": {200: TAKEN_IN, 201: TAKEN_IN, 400: TAKEN_IN}}
    parser_classes: list[Any] = []

    def get_throttles(self) -> list[Any]:
        """Alerts are counted themselves, not the requests that bring them."""
        return [] if self.request.method == "POST" else super().get_throttles()

    def post(self, request: Request) -> HttpResponse:
        """Send alerts."""
        body = _body(request)
        return once(request, lambda: self.taken_in(request, body), sent=body)

    def taken_in(self, request: Request, sent: bytes) -> Response:
        """What became of each alert of the body."""
        results = _take_in(sent, request.query_params.get("format", "auto"), request.user)
        refused = sum(result["result"] == "refused" for result in results)
        created = sum(result["result"] == Result.CREATED for result in results)
        body = {
            "created": created,
            "updated": sum(result["result"] == Result.UPDATED for result in results),
            "repeated": sum(result["result"] == Result.REPEATED for result in results),
            "refused": refused,
            "results": results,
        }
        return Response(body, status=400 if refused == len(results) else 201 if created else 200)


def _body(request: Request) -> bytes:
    try:
        body: bytes = request._request.body
    except RequestDataTooBig:
        raise TooLarge("The request is too large; send fewer alerts at a time.") from None
    if not body.strip():
        raise exceptions.ValidationError({"body": ["The request is empty; send an alert or a list of alerts."]})
    if body.startswith(GZIP_START):
        raise exceptions.ValidationError({"body": ["The request is compressed; send it as plain JSON."]})
    return body


def _take_in(body: bytes, format_name: str, principal: Any) -> list[dict[str, Any]]:
    if format_name not in FORMAT_NAMES:
        raise exceptions.ValidationError({"format": [f"Use one of {', '.join(FORMAT_NAMES)}."]})
    bound_source = principal.source or None if isinstance(principal, AccessToken) else None
    parsed: list[ParsedAlert | RefusedRecord] = []
    try:
        for alert in parse_records(read_records(body, format_name), format_name, bound_source):
            parsed.append(alert)
            if len(parsed) > limits.ALERTS_PER_REQUEST:
                raise exceptions.ValidationError(
                    {"body": [f"At most {limits.ALERTS_PER_REQUEST} alerts in one request; send the rest in another."]}
                )
    except FormatError as error:
        raise exceptions.ValidationError({"format": [str(error)]}) from None
    if not parsed:
        raise exceptions.ValidationError({"body": ["The list is empty; send at least one alert."]})
    if isinstance(principal, AccessToken):
        count(principal, "alerts", settings.API_ALERTS_PER_MINUTE, "send {} alerts", len(parsed))
    accepted = [alert for alert in parsed if isinstance(alert, ParsedAlert)]
    outcomes = ingest(accepted, actor=principal.as_actor(Channel.API))
    numbers = {outcome.incident_id for outcome in outcomes}
    seen = set(Incident.objects.visible_to(principal).filter(pk__in=numbers).values_list("pk", flat=True))
    rest = iter(outcomes)
    return [_accepted(next(rest), seen) if isinstance(alert, ParsedAlert) else _refused(alert) for alert in parsed]


def _accepted(outcome: Outcome, seen: set[int]) -> dict[str, Any]:
    """A sender that may not see the incident learns nothing but its own id's result."""
    result: dict[str, Any] = {"external_id": outcome.external_id, "result": outcome.result}
    if outcome.incident_id in seen:
        result |= {"alert": outcome.alert_id, "incident": outcome.incident_id}
    return result


def _refused(record: RefusedRecord) -> dict[str, Any]:
    return {
        "external_id": record.external_id,
        "result": "refused",
        "position": record.position,
        "field": record.field,
        "problem": record.problem,
    }
