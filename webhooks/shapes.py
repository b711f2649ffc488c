"""What the API says of webhooks and their messages (webhooks/queries.py)."""

from __future__ import annotations

from common.shapes import answer, choice, extended, flag, ident, link, list_of, moment, number, or_null, text, uuid
from webhooks.choices import DeliveryState

WEBHOOK = answer(
    "Webhook",
    id=ident(),
    name=text(),
    address=link("to which it sends"),
    groups=list_of(text(), "what it is told of"),
    query=text("of which incidents, as the queue's address has it"),
    with_texts=flag("whether it is sent what people write"),
    with_restricted=flag("whether it is told of restricted incidents"),
    is_on=flag(),
    stopped_because=text("why the system has switched it off; empty where it has not"),
    reader=text("with whose rights it sees"),
    former_secret_until=or_null(moment("until when the former secret signs as well")),
    failures=number("in a row"),
    failing_since=or_null(moment()),
    rests_until=or_null(moment()),
    created=moment(),
    updated=moment(),
    changed_by=text(),
    version=number(),
)
NEW_WEBHOOK = extended(WEBHOOK, "NewWebhook", secret=text("this once"))
SECRETS = answer("Secrets", secret=text(), former_secret=or_null(text("for a day after it was changed")))
DELIVERY = answer(
    "Delivery",
    id=uuid(),
    message=text("its id, as the receiver sees it"),
    type=text("what it tells of"),
    incident=or_null(ident()),
    entry=or_null(ident()),
    state=choice(DeliveryState),
    tries=number(),
    problem=text("of the last try"),
    created=moment(),
    next_try=or_null(moment()),
    ended=or_null(moment()),
)
DELIVERY_IN_FULL = extended(
    DELIVERY,
    "DeliveryInFull",
    attempts=list_of(
        answer(
            time=moment(),
            milliseconds=number(),
            status=or_null(number()),
            problem=text(),
            answer=text("the beginning of what the receiver said"),
            reached=text("the address that was connected to"),
        )
    ),
)
