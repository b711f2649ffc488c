"""What a receiver is sent: headers and body by the specification of Standard Webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from activity.plain import plain_entries
from common.time_ranges import utc
from incidents.models import Incident
from incidents.queries.plain import plain_incidents
from webhooks.models import Delivery, Subscription
from webhooks.reach import seen
from webhooks.secrets import secrets_of, signatures

TEST = "webhook.test"
ENTRY_FIELDS = (
    *("id", "number", "time", "verb", "kind", "actor", "through", "sentence", "subject", "changes", "text"),
    *("is_comment", "act", "version"),
)
"""Of an entry as the API answers it. Not what only proves the log, nor the alerts, of which there may be hundreds."""


class Withheld(Exception):
    """It must not be sent: in words, why not."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, ready to be sent."""

    headers: dict[str, str]
    body: bytes


def message_of(delivery: Delivery, now: datetime) -> Message:
    """What is sent at this moment: the entry, and its incident as it is now, by the rights that the subscription has
    now. Raises Withheld, and Unreadable for a secret that cannot be read."""
    subscription = delivery.subscription
    said = _test(subscription, now) if delivery.entry_id is None else _said(delivery, subscription)
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    signed = signatures(secrets_of(subscription, now), delivery.message_id, now, body)
    return Message(
        {
            "content-type": "application/json",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signed,
        },
        body.encode(),
    )


def _said(delivery: Delivery, subscription: Subscription) -> dict[str, Any]:
    reader = subscription.reader
    visible = seen(reader, with_restricted=subscription.with_restricted)
    if not visible.filter(pk=delivery.incident_id or 0).exists():
        raise Withheld(
            f"{reader}, with whose eyes this webhook sees, may not see the incident now, or it is restricted and the "
            "webhook leaves those out."
        )
    entry = plain_entries([delivery.entry_id or 0])[0]
    incident = plain_incidents([delivery.incident_id or 0], reader)[0]
    told = {name: entry[name] for name in ENTRY_FIELDS}
    _hide_unseen(told, incident, visible)
    if not subscription.with_texts:
        told["text"] = incident["resolution_note"] = None
    incident["url"] = f"{settings.PUBLIC_URL or ''}{reverse('incidents:overview', args=[delivery.incident_id])}"
    return {"type": entry["verb"], "timestamp": entry["time"], "data": {"entry": told, "incident": incident}}


def _hide_unseen(told: dict[str, Any], incident: dict[str, Any], visible: QuerySet[Incident]) -> None:
    """An incident that the webhook is told nothing of is not named by those that point to it."""
    related = {each["new"] for each in told["changes"] if each["field"] == "related_to"}
    named = {incident["redirected_to"], incident["related_to"], *related} - {None}
    hidden = named - set(visible.filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    for field in ("redirected_to", "related_to"):
        if incident[field] in hidden:
            incident[field] = None
    told["changes"] = [each for each in told["changes"] if each["field"] != "related_to" or each["new"] not in hidden]


def _test(subscription: Subscription, now: datetime) -> dict[str, Any]:
    return {"type": TEST, "timestamp": utc(now), "data": {"webhook": subscription.name}}
