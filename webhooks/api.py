"""Webhooks for programs: the same commands as their pages."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Principal
from accounts.once import once
from activity.actors import Actor, Channel
from common.api_lists import ABOUT_KEYS, NEXT_SHAPE, limit_of, one_of
from common.bodies import LONG, Body
from common.endpoints import NOTHING, Endpoint
from common.jobs import wake_worker
from common.preconditions import based_on, seen_of, with_tag
from common.query_strings import nearest
from common.shapes import (
    answer,
    changes,
    flag,
    list_of,
    looked_up,
    needed,
    number,
    sent,
    tagged,
    text,
    word_of,
)
from webhooks import commands, queries
from webhooks.choices import DeliveryState
from webhooks.models import Delivery, Subscription
from webhooks.shapes import DELIVERY, DELIVERY_IN_FULL, NEW_WEBHOOK, SECRETS, WEBHOOK
from webhooks.tasks import send_deliveries
from webhooks.values import SubscriptionValues

MANAGE = Permission.MANAGE_WEBHOOKS
MOST_GROUPS = 100
VALUES = {
    "name": needed(text(most=LONG)).shape,
    "address": needed(text("to which it sends", most=LONG)).shape,
    "groups": list_of(text(), "what it is told of: status, comments …", most=MOST_GROUPS),
    "query": text("of which incidents, as the queue's address has it", most=LONG),
    "with_texts": flag("whether it is sent what people write"),
    "with_restricted": flag("whether it is told of restricted incidents"),
    "is_on": flag(),
}


class WebhooksView(Endpoint):
    """All webhooks; a new one.

    `{"name", "address", "groups", "query", "with_texts", "with_restricted", "is_on"}`: `groups` are words of what it is
    told of (`status`, `comments` …), `query` is the query of an address of the queue. It sees what the token or person
    sees that saved it last. The answer to a new one holds its `secret`, which is not answered again but by `secret/`.
    """

    needs = {"GET": MANAGE, "HEAD": MANAGE, "POST": MANAGE}
    takes = {"POST": looked_up(sent(**VALUES | {"name": needed(VALUES["name"]), "address": needed(VALUES["address"])}))}
    gives = {"GET": answer("Webhooks", webhooks=list_of(WEBHOOK)), "POST": {201: NEW_WEBHOOK}}
    keyed = ()

    def get(self, request: Request) -> Response:
        """List webhooks."""
        found = Subscription.objects.kept().with_reader().select_related("receiver").order_by("pk")
        return Response({"webhooks": [queries.plain(each) for each in found]})

    def post(self, request: Request) -> Response:
        """Add a webhook."""
        with self.body(request) as body:
            values = _values(body, None)
        principal, actor = _who(request)
        with transaction.atomic():
            made = commands.create_subscription(values, reader=principal, actor=actor)
            secrets = commands.show_secret(made, actor=actor)
        answer = queries.plain(queries.with_receiver(made)) | {"secret": secrets[0]}
        return _unkept(Response(answer, status=status.HTTP_201_CREATED))


class WebhookView(Endpoint):
    """One webhook. PATCH takes the fields to change, and If-Match with the `version` that they are based on; 412 names
    what somebody else has changed since."""

    needs = dict.fromkeys(("GET", "HEAD", "PATCH", "DELETE"), MANAGE)
    takes = {"PATCH": looked_up(changes(**VALUES))}
    gives = {"GET": tagged(WEBHOOK), "PATCH": tagged(WEBHOOK), "DELETE": {204: None}}
    versioned = ("PATCH",)

    def get(self, request: Request, number: int) -> Response:
        """Read a webhook."""
        found = _found(number)
        return with_tag(Response(queries.plain(found)), found.version)

    def patch(self, request: Request, number: int) -> Response:
        """Change a webhook."""
        found = _found(number)
        base = based_on(seen_of(request), found.version, of_parts=True)
        with self.body(request) as body:
            values = _values(body, found)
        principal, actor = _who(request)
        saved = commands.change_subscription(found, values, reader=principal, based_on=base, actor=actor)
        _wake()
        return with_tag(Response(queries.plain(queries.with_receiver(saved))), saved.version)

    def delete(self, request: Request, number: int) -> Response:
        """Delete a webhook."""
        commands.delete_subscription(_found(number), actor=_who(request)[1])
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecretView(Endpoint):
    """The secret, and for a day after it was changed the former one; that it was asked for is recorded."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": SECRETS}
    keyed = ()

    def post(self, request: Request, number: int) -> Response:
        """Read the secret of a webhook."""
        self.body(request).check()
        return _secrets(_found(number), request)


class NewSecretView(Endpoint):
    """Make a new secret; messages are signed with both for a day."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": SECRETS}
    keyed = ()

    def post(self, request: Request, number: int) -> Response:
        """Make a new secret."""
        self.body(request).check()
        return _secrets(commands.rotate_secret(_found(number), actor=_who(request)[1]), request)


class TestView(Endpoint):
    """Send a test; answers the message, whose tries its own address tells."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": {202: DELIVERY}}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Send a test to a webhook."""
        self.body(request).check()
        found = _found(number)

        def act() -> Response:
            sent = commands.send_test(found, actor=_who(request)[1])
            _wake()
            return Response(queries.plain_delivery(sent), status=status.HTTP_202_ACCEPTED)

        return once(request, act)


class DeliveriesView(Endpoint):
    """The messages of a webhook, the latest first. `state` (waiting, delivered, given_up, withheld) narrows them,
    `limit` (1 to 200, usually 50) come at once, `next` is the address of those that follow, or null."""

    needs = {"GET": MANAGE, "HEAD": MANAGE}
    keys = {
        "GET": {
            "state": word_of([*DeliveryState.values, ""], "Those in one state."),
            "limit": ABOUT_KEYS["limit"],
            "before": looked_up(text("From the `next` of an earlier answer.")),
        }
    }
    gives = {"GET": answer("Deliveries", deliveries=list_of(DELIVERY), next=NEXT_SHAPE)}

    def get(self, request: Request, number: int) -> Response:
        """List the messages of a webhook."""
        found, query = _found(number), request.query_params
        limit, state, before = limit_of(query), _state_of(query), _before_of(query)
        rows = list(queries.deliveries_of(found, principal_of(request), state, before)[: limit + 1])
        following = query.copy()
        following["before"] = str(rows[limit - 1].pk) if len(rows) > limit else ""
        address = request.build_absolute_uri(f"{request.path}?{following.urlencode()}")
        return Response(
            {
                "deliveries": [queries.plain_delivery(each) for each in rows[:limit]],
                "next": address if len(rows) > limit else None,
            }
        )


class DeliveryView(Endpoint):
    """One message with its tries, the latest first."""

    needs = {"GET": MANAGE, "HEAD": MANAGE}
    gives = {"GET": DELIVERY_IN_FULL}

    def get(self, request: Request, number: int, key: UUID) -> Response:
        """Read a message of a webhook."""
        delivery = _delivery(number, key, principal_of(request))
        tries = [queries.plain_try(each) for each in delivery.attempts.order_by("-pk")[:100]]
        return Response(queries.plain_delivery(delivery) | {"attempts": tries})


class ReplayView(Endpoint):
    """Send one message again, under the same id."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": {202: DELIVERY}}

    def post(self, request: Request, number: int, key: UUID) -> HttpResponse:
        """Send a message again."""
        self.body(request).check()
        principal, actor = _who(request)
        found = _delivery(number, key, principal)

        def act() -> Response:
            sent = commands.replay(found, actor=actor)
            _wake()
            return Response(queries.plain_delivery(sent), status=status.HTTP_202_ACCEPTED)

        return once(request, act)


class ReplayFailedView(Endpoint):
    """Send all again that were given up; `replayed` says how many."""

    needs = {"POST": MANAGE}
    takes = {"POST": NOTHING}
    gives = {"POST": {202: answer("Replayed", replayed=number())}}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Send all again that were given up."""
        self.body(request).check()
        principal, actor = _who(request)
        found = _found(number)

        def act() -> Response:
            counted = commands.replay_failed(found, principal=principal, actor=actor)
            _wake()
            return Response({"replayed": counted}, status=status.HTTP_202_ACCEPTED)

        return once(request, act)


# --- parts ---------------------------------------------------------------------------------------------------------


def _values(body: Body, found: Subscription | None) -> SubscriptionValues:
    """What was sent; what was not stays as it is, or is as usual."""
    present = SubscriptionValues.of(found) if found else None
    is_new = present is None
    flags = {name: body.flag(name) for name in ("with_texts", "with_restricted", "is_on")}
    usual = {name: getattr(present, name) if present else name == "is_on" for name in flags}

    def text(name: str, *, required: bool) -> str:
        return (
            str(getattr(present, name)) if present and not body.says(name) else body.text(name, LONG, required=required)
        )

    return SubscriptionValues(
        text("name", required=True),
        text("address", required=True),
        body.texts("groups", MOST_GROUPS)
        if is_new or body.says("groups")
        else tuple(present.groups if present else ()),
        text("query", required=False),
        **{name: usual[name] if said is None else said for name, said in flags.items()},
    )


def _who(request: Request) -> tuple[Principal, Actor]:
    principal = principal_of(request)
    return principal, principal.as_actor(Channel.API)


def _found(number: int) -> Subscription:
    found = queries.kept(number)
    if found is None:
        raise Http404
    return found


def _delivery(number: int, key: UUID, principal: Principal) -> Delivery:
    found = queries.delivery_of(_found(number), key, principal)
    if found is None:
        raise Http404
    return found


def _secrets(found: Subscription, request: Request) -> Response:
    secrets = commands.show_secret(found, actor=_who(request)[1])
    return _unkept(Response({"secret": secrets[0], "former_secret": secrets[1] if len(secrets) > 1 else None}))


def _unkept(answer: Response) -> Response:
    """No cache keeps a secret."""
    answer["Cache-Control"] = "no-store"
    return answer


def _state_of(query: QueryDict) -> str:
    word = one_of(query, "state") or ""
    if word and word not in DeliveryState.values:
        raise ValidationError({"state": [f"“{word[:60]}” is no state{nearest(word, DeliveryState.values)}"]})
    return word


def _before_of(query: QueryDict) -> int | None:
    word = one_of(query, "before") or ""
    if word and not (word.isascii() and word.isdigit() and len(word) < 19):
        raise ValidationError({"before": ["Take it from the “next” of an earlier answer."]})
    return int(word) if word else None


def _wake() -> None:
    wake: Callable[[], None] = lambda: wake_worker(send_deliveries)  # noqa: E731
    transaction.on_commit(wake)
