"""The same changes on many incidents, for programs: what they would do, and doing it as an act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import Principal
from accounts.once import once
from activity.actors import Channel
from activity.snapshots import is_snapshot
from common.bodies import LONG, Body
from common.boundary import join_path
from common.endpoints import Endpoint
from common.query_strings import PLACES, UnknownKeys
from common.shapes import (
    ident,
    list_of,
    looked_up,
    placed,
    sent,
    text,
    under_way,
)
from incidents.api.acts import POLL_AFTER, plain_act
from incidents.api.wishes import CHANGES_OF_MANY, read
from incidents.changes import Changes
from incidents.commands import prepare_act, start_act
from incidents.commands.manage import check_for_any
from incidents.models import BulkAct, Incident
from incidents.queries import bulk as queries
from incidents.queries.queue import asked
from incidents.shapes import ACT, PREVIEW
from incidents.tasks import announce

Wanted = TypeVar("Wanted")

LONGEST_QUERY = 8_000
"""Characters of the query of a list's address."""
MOST_NAMED = 1_500
"""Incidents named one by one, as on the page; more are named by a query."""
FIELDS = {
    "Severity": "severity",
    "Tags": "tags",
    "Assigned to": "assignee",
    "Due": "due",
    "Snoozed": "snoozed_until",
    "Classification": "classification",
    "Status": "status",
    "Resolution note": "resolution_note",
    "Comment": "comment",
}
"""What the page calls the fields of a preview → what they are called here."""

TARGET = sent(
    incidents=list_of(ident(), "by their numbers", most=MOST_NAMED, least=1),
    query=looked_up(text("or by a list: the query of the queue's address, with its defaults", most=LONGEST_QUERY)),
)
SEEN = looked_up(text("as the preview answered it, or left out", most=LONG))
# what is missing is told with an example, so that no shape says that it is needed
BULK = {"target": looked_up(TARGET), "changes": looked_up(CHANGES_OF_MANY)}


@dataclass(frozen=True, slots=True)
class Target:
    """What a bulk act is about."""

    rows: QuerySet[Incident]
    query: str
    """As the queue's address has it; empty where incidents are named."""
    named: int
    """How many are named; 0 for those that match a query."""


class BulkPreviewView(Endpoint):
    """What the same changes would do to many incidents, counted without doing it.

    `{"target": {"incidents": [7, 9]}, "changes": {"severity": "low"}}`; or `{"target": {"query":
    "status=active&tag=wave"}}`, the query of the queue's address, with the queue's defaults. `seen`, sent with the act,
    leaves alone what others change in the meantime.
    """

    needs = {"POST": Permission.BULK_EDIT}
    takes = {"POST": sent(**BULK)}
    gives = {"POST": PREVIEW}
    keyed = ()

    def post(self, request: Request) -> Response:
        """Count what changes would do to many incidents."""
        principal = principal_of(request)
        with self.body(request) as body:
            target, changes = target_of(body, principal), changes_of(body)
        check_for_any(changes)
        found = queries.preview(target.rows, changes, chosen=target.named)
        return Response(
            {
                "total": found.total,
                "changed": found.changed,
                "unchanged": found.unchanged,
                "refused": {
                    "merged": found.merged,
                    "too_many_tags": found.crowded,
                    "not_open": found.closed,
                    "not_seen_by_assignee": found.unseen,
                },
                "missing": found.missing,
                "fields": [{"field": FIELDS[label], "changed": number} for label, number in found.fields],
                "alerts_resolved": found.alerts,
                "resolved_unclassified": found.unclassified,
                "seen": found.seen,
            }
        )


class BulkView(Endpoint):
    """The same changes on many incidents, as an act: `target` and `changes` as in the preview, `seen` as it was
    answered, or left out. Which incidents it is about is fixed at once; they are changed in the background. Answers 202
    with the act, whose `url` says how far it is."""

    needs = {"POST": Permission.BULK_EDIT}
    takes = {"POST": sent(**BULK, seen=SEEN)}
    gives = {"POST": {202: under_way(placed(ACT))}}

    def post(self, request: Request) -> HttpResponse:
        """Change many incidents."""
        principal = principal_of(request)
        with self.body(request) as body:
            target, changes, seen = target_of(body, principal), changes_of(body), seen_moment(body)

        def act() -> Response:
            with transaction.atomic():
                draft = prepare_act(target.rows, principal, target.query)
                started = start_act(draft, changes, actor=principal.as_actor(Channel.API), seen=seen)
            return begun(started, request)

        return once(request, act)


def seen_moment(body: Body) -> str:
    """The moment of a preview, as it was answered; "" where the body does not say."""
    seen = body.text("seen", LONG)
    if seen and not is_snapshot(seen):
        body.fail("seen", "This is not what a preview answered; send it as it was, or leave it out.")
    return seen


def begun(act: BulkAct, request: Request) -> Response:
    """The answer to an act that has just been asked for, once a worker is told of it."""
    transaction.on_commit(lambda: announce(act.pk))
    answer = Response(plain_act(act, request), status=status.HTTP_202_ACCEPTED)
    answer["Location"], answer["Retry-After"] = answer.data["url"], POLL_AFTER
    return answer


def changes_of(body: Body) -> Changes:
    """What is to be changed of each."""
    inner = body.inside("changes", None, "What can be changed of many")
    if inner is None:
        body.fail("changes", 'Say what is to be changed, such as {"severity": "low"}.')
        return Changes()
    changes = read(inner, None)
    if changes.is_empty() and not body.found:
        body.fail("changes", "Nothing is to be changed; name at least one field.")
    return changes


def target_of(body: Body, principal: Principal) -> Target:
    """The incidents that a body names, as far as the principal sees them."""
    nothing = Target(Incident.objects.none(), "", 0)
    inner = body.inside("target", None, "A target")
    if inner is None or inner.has("incidents") == inner.says("query"):
        body.fail("target", "Name either incidents by their numbers, or the query of the queue's address.")
        return nothing
    if inner.has("incidents"):
        numbers = inner.ids("incidents", MOST_NAMED, required=True)
        return Target(queries.chosen_ones(principal, numbers), "", len(numbers))
    wanted = asked_by(inner, lambda query: asked(query, principal))
    return nothing if wanted is None else Target(wanted.matching, wanted.query.urlencode(), 0)


def asked_by(target: Body, asked: Callable[[QueryDict], Wanted]) -> Wanted | None:
    """The list that a target names by the query of its address; none where that means nothing."""
    query = QueryDict(target.text("query", LONGEST_QUERY), mutable=True)
    for key in PLACES:
        query.pop(key, None)
    try:
        return asked(query)
    except (UnknownKeys, ValidationError) as error:
        for key, problems in refusals(error).items():
            target.found.setdefault(join_path(target.at("query"), key), []).extend(problems)
        return None


def refusals(error: UnknownKeys | ValidationError) -> dict[str, list[str]]:
    """What an address says that means nothing, by key."""
    if isinstance(error, ValidationError):
        return error.message_dict
    beside: dict[str, Any] = error.beside.message_dict if error.beside else {}
    return {key: [f"There is no key “{key}” here{hint}"] for key, hint in error.suggestions.items()} | beside
