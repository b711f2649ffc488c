"""Webhooks and their messages, as pages and the API show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import Principal, User
from activity.verbs import VERBS, Group
from common.counting import Count, count
from common.errors import Conflict, Refused
from common.marks import dated, time_mark
from common.time_ranges import utc
from webhooks import rules
from webhooks.choices import DELIVERY_HELP, DeliveryState, event_groups
from webhooks.message import TEST
from webhooks.models import Delivery, Receiver, Subscription, Try
from webhooks.reach import matching, spelled_out

LARGEST = 2**63 - 1
DELIVERIES_PER_PAGE = 50
FIELD_LABELS = {
    "groups": "What it is told of",
    "query": "Of which incidents",
    "with_texts": "Send texts along",
    "with_restricted": "Tell of restricted incidents",
    "is_on": "It is on",
}


def kept(number: int) -> Subscription | None:
    """The webhook of a number; None where there is none, or none any more."""
    found = Subscription.objects.kept().with_reader().select_related("receiver")
    return found.filter(pk=min(number, LARGEST)).first()


def delivery_of(subscription: Subscription, key: UUID, principal: Principal) -> Delivery | None:
    """A message of a webhook, as far as this person or token may know of it."""
    rows = Delivery.objects.visible_to(principal).filter(subscription=subscription, key=key)
    return rows.select_related("entry", "subscription").first()


# --- how it stands ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How a webhook stands: in a word, its colour, and in a sentence what to do where something is to be done."""

    word: str
    kind: str
    """info, success, warning, error."""
    sentence: str = ""


def standing(subscription: Subscription) -> Standing:
    """How it stands now; needs its receiver."""
    receiver = subscription.receiver
    if subscription.stopped_because:
        return Standing(
            "Switched off",
            "error",
            f"The system has switched it off: {subscription.stopped_because.rstrip('.')}. See to the receiver, then "
            "switch it on again and send what failed once more.",
        )
    if not subscription.is_on:
        return Standing("Off", "info", "It is told of nothing, and nothing is sent.")
    if problem := problem_of_query(subscription):
        return Standing("Told of nothing", "error", f"Its list means nothing any more: {problem} Change it.")
    if receiver.failures >= rules.RESTS_AFTER:
        return Standing(
            "Failing",
            "warning",
            "Its receiver has not taken anything lately; one message tries again from time to time, the others wait.",
        )
    return Standing("On", "success")


def problem_of_query(subscription: Subscription) -> str:
    """Why its query fails; "" where it does not."""
    try:
        matching(subscription.query, subscription.reader, with_restricted=subscription.with_restricted)
    except Refused as refused:
        return refused.problem
    return ""


def stopped() -> int:
    """How many webhooks the system has switched off and nobody has seen to."""
    return Subscription.objects.kept().exclude(stopped_because="").count()


# --- the list, and one ------------------------------------------------------------------------------------------


def rows(principal: Principal) -> list[dict[str, Any]]:
    """The table of webhooks. The statements grow with the number of webhooks alone, of which there are few."""
    found = list(Subscription.objects.kept().with_reader().select_related("receiver").order_by("name", "pk"))
    numbers = _figures(principal)
    return [
        {
            "name": each.name,
            "url": reverse("webhooks:webhook", args=[each.pk]),
            "host": each.address.split("/")[2],
            "groups": groups_in_words(each),
            "query": each.query,
            "standing": standing(each),
            "messages": _in_figures(numbers.get(each.pk, {})),
        }
        for each in found
    ]


def _figures(principal: Principal) -> dict[int, dict[str, int]]:
    """How many messages wait, and how many were given up, by webhook."""
    told = Delivery.objects.visible_to(principal).filter(state__in=[DeliveryState.WAITING, DeliveryState.GIVEN_UP])
    counted = told.values("subscription").annotate(
        waiting=CountOf("pk", filter=Q(state=DeliveryState.WAITING)),
        failed=CountOf("pk", filter=Q(state=DeliveryState.GIVEN_UP)),
    )
    return {row["subscription"]: {"waiting": row["waiting"], "failed": row["failed"]} for row in counted}


def _in_figures(counted: dict[str, int]) -> str:
    """“12 waiting, 3 given up”."""
    words = {"waiting": "waiting", "failed": "given up"}
    return ", ".join(f"{counted[each]:,} {said}" for each, said in words.items() if counted.get(each)) or "None open"


def groups_in_words(subscription: Subscription) -> str:
    if set(subscription.groups) == {str(group) for group in event_groups()}:
        return "Everything"
    return ", ".join(str(Group(word).label) for word in subscription.groups)


def webhook(subscription: Subscription, user: User, state: str, before: int | None) -> dict[str, Any]:
    """One webhook with its messages, the latest first; `state` narrows them, `before` is where to go on."""
    deliveries = list(deliveries_of(subscription, user, state, before)[: DELIVERIES_PER_PAGE + 1])
    here = reverse("webhooks:webhook", args=[subscription.pk])
    more = len(deliveries) > DELIVERIES_PER_PAGE
    kept_state = f"state={state}&" if state else ""
    failed = Delivery.objects.visible_to(user).filter(subscription=subscription, state=DeliveryState.GIVEN_UP)
    return {
        "webhook": subscription,
        "standing": standing(subscription),
        "groups": groups_in_words(subscription),
        "reader": str(subscription.reader),
        "list_url": f"{reverse('incidents:queue')}?{subscription.query}" if subscription.query else "",
        "changed": time_mark(subscription.updated_at, timezone.now()),
        "failing_since": dated(subscription.receiver.failing_since) if subscription.receiver.failing_since else "",
        "former_until": _former_until(subscription),
        "states": [
            {"label": label, "url": f"{here}?state={word}" if word else here, "current": word == state}
            for word, label in [("", "All"), *((str(each), str(each.label)) for each in DeliveryState)]
        ],
        "rows": [row(each) for each in deliveries[:DELIVERIES_PER_PAGE]],
        "failed": count(failed),
        "state": state,
        "next_url": f"{here}?{kept_state}before={deliveries[DELIVERIES_PER_PAGE - 1].pk}" if more else "",
    }


def _former_until(subscription: Subscription) -> str:
    until = subscription.former_until
    return dated(until) if until and until > timezone.now() else ""


def deliveries_of(
    subscription: Subscription, principal: Principal, state: str = "", before: int | None = None
) -> QuerySet[Delivery]:
    """Messages of a webhook that this person or token may know of, the latest first."""
    found = Delivery.objects.visible_to(principal).filter(subscription=subscription)
    if state:
        found = found.filter(state=state)
    if before:
        found = found.filter(pk__lt=before)
    return found.select_related("entry").order_by("-pk")


def row(delivery: Delivery) -> dict[str, Any]:
    """A message in a list."""
    state = DeliveryState(delivery.state)
    return {
        "url": reverse("webhooks:delivery", args=[delivery.subscription_id, delivery.key]),
        "event": event_in_words(delivery),
        "incident": delivery.incident_id,
        "state": state,
        "kind": {
            DeliveryState.DELIVERED: "success",
            DeliveryState.GIVEN_UP: "error",
            DeliveryState.WITHHELD: "info",
        }.get(state, "warning" if delivery.tries else "info"),
        "tries": delivery.tries,
        "problem": delivery.problem,
        "created": time_mark(delivery.created_at),
        "next": time_mark(delivery.due_at) if state == DeliveryState.WAITING and delivery.tries else "",
    }


def event_in_words(delivery: Delivery) -> str:
    if delivery.entry is None:
        return "Test"
    verb = VERBS.get(delivery.entry.verb)
    return verb.label if verb else delivery.entry.verb


def delivery(found: Delivery) -> dict[str, Any]:
    """One message and its tries, the latest first."""
    attempts = list(found.attempts.order_by("-pk")[:100])
    return {
        "delivery": found,
        "row": row(found),
        "help": DELIVERY_HELP[DeliveryState(found.state)],
        "created": dated(found.created_at),
        "next": dated(found.due_at) if found.state == DeliveryState.WAITING else "",
        "tries": [
            {
                "began": dated(each.began_at),
                "milliseconds": each.milliseconds,
                "status": each.status,
                "problem": each.problem,
                "answer": each.answer,
                "reached": each.reached,
            }
            for each in attempts
        ],
    }


# --- forms ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Preview:
    """What a form's list comes to."""

    count: Count
    url: str
    query: str


def preview(query: str, principal: Principal, *, with_restricted: bool) -> Preview:
    """How many incidents match now. Raises Refused for a query that means nothing."""
    said = spelled_out(query)
    found = count(matching(said, principal, with_restricted=with_restricted))
    everything = "status=any&severity=any&snoozed=any"
    return Preview(found, f"{reverse('incidents:queue')}?{said or everything}", said)


def told_conflicts(conflict: Conflict | None) -> list[dict[str, str]]:
    """Fields that somebody else changed, with both values as people read them."""
    return [
        {
            "label": FIELD_LABELS.get(each.field, each.field.capitalize()),
            "theirs": _in_words(each.theirs),
            "mine": _in_words(each.mine),
            "by": each.changed_by,
        }
        for each in (conflict.conflicts if conflict else ())
    ]


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(str(Group(word).label) for word in value) or "nothing"
    return str(value) or "nothing"


# --- the API ------------------------------------------------------------------------------------------


def plain(subscription: Subscription) -> dict[str, Any]:
    """A webhook as the API answers it; its secret is asked for by itself."""
    receiver = subscription.receiver
    return {
        "id": subscription.pk,
        "name": subscription.name,
        "address": subscription.address,
        "groups": list(subscription.groups),
        "query": subscription.query,
        "with_texts": subscription.with_texts,
        "with_restricted": subscription.with_restricted,
        "is_on": subscription.is_on,
        "stopped_because": subscription.stopped_because,
        "reader": str(subscription.reader),
        "former_secret_until": utc(subscription.former_until),
        "failures": receiver.failures,
        "failing_since": utc(receiver.failing_since),
        "rests_until": utc(receiver.rests_until),
        "created": utc(subscription.created_at),
        "updated": utc(subscription.updated_at),
        "changed_by": subscription.changed_by,
        "version": subscription.version,
    }


def plain_delivery(found: Delivery) -> dict[str, Any]:
    """A message as the API answers it."""
    return {
        "id": str(found.key),
        "message": found.message_id,
        "type": found.entry.verb if found.entry else TEST,
        "incident": found.incident_id,
        "entry": found.entry_id,
        "state": found.state,
        "tries": found.tries,
        "problem": found.problem,
        "created": utc(found.created_at),
        "next_try": utc(found.due_at) if found.state == DeliveryState.WAITING else None,
        "ended": utc(found.ended_at),
    }


def plain_try(each: Try) -> dict[str, Any]:
    """One try as the API answers it."""
    return {
        "time": utc(each.began_at),
        "milliseconds": each.milliseconds,
        "status": each.status,
        "problem": each.problem,
        "answer": each.answer,
        "reached": each.reached,
    }


def with_receiver(subscription: Subscription) -> Subscription:
    """As it is now, with how its receiver stands."""
    subscription.receiver = Receiver.objects.get(pk=subscription.pk)
    return subscription
