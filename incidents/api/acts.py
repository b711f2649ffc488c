"""Bulk acts for programs: how far they are, what became of each incident or alert, cancel and undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.urls import reverse
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from common.api_lists import ABOUT_KEYS, one_of
from common.endpoints import NOTHING, Endpoint
from common.query_strings import address, nearest
from common.shapes import (
    answer,
    chosen,
    list_of,
    looked_up,
    placed,
    under_way,
)
from common.time_ranges import utc
from incidents.choices import Outcome
from incidents.commands import cancel_act, start_undo
from incidents.models import BulkAct
from incidents.queries import bulk as queries
from incidents.shapes import ACT, ACT_IN_FULL
from incidents.tasks import announce

POLL_AFTER = "1"
"""Seconds after which asking again makes sense."""
LISTED = 100
BULK = Permission.BULK_EDIT


class ActsView(Endpoint):
    """The latest 100 bulk acts of this person or token, the latest first."""

    needs = {"GET": BULK, "HEAD": BULK}
    gives = {"GET": answer("Acts", acts=list_of(ACT))}

    def get(self, request: Request) -> Response:
        """List one's bulk acts."""
        found = queries.acts_of(principal_of(request)).order_by("-created_at")[:LISTED]
        return Response({"acts": [plain_act(act, request) for act in found]})


class ActView(Endpoint):
    """One act: how far it is, and what became of each incident or alert, 100 at once in the order of their numbers.
    `outcome` (changed, unchanged, refused, conflict, waiting) names those of one kind; `next` is the address of what
    follows, or null."""

    needs = {"GET": BULK, "HEAD": BULK}
    keys = {"GET": {"outcome": chosen(Outcome, "Those of one kind."), "after": looked_up(ABOUT_KEYS["after"])}}
    gives = {"GET": under_way(ACT_IN_FULL)}

    def get(self, request: Request, act_id: UUID) -> Response:
        """See how far a bulk act is."""
        act = own_act_or_404(act_id, request)
        outcome, after = _asked(request)
        page = queries.results(act, principal_of(request), outcome=outcome, after=after)
        here = request.build_absolute_uri(request.path)
        state = {"outcome": [outcome]} if outcome else {}
        told = plain_act(act, request) | {
            "results": [
                {"number": row["number"], "name": row["name"], "outcome": str(row["kind"]), "reason": row["reason"]}
                for row in page.rows
            ],
            "next": address(here, state | {"after": [str(page.next)]}) if page.next else None,
        }
        answer = Response(told)
        if not act.is_over:
            answer["Retry-After"] = POLL_AFTER
        return answer


class CancelActView(Endpoint):
    """Let an act end after the incidents that are being changed; what is changed stays, and can be undone."""

    needs = {"POST": BULK}
    takes = {"POST": NOTHING}
    gives = {"POST": ACT}

    def post(self, request: Request, act_id: UUID) -> HttpResponse:
        """Cancel a bulk act."""
        act = own_act_or_404(act_id, request)
        with self.body(request):
            pass

        def cancel() -> Response:
            return Response(plain_act(cancel_act(act, actor=principal_of(request).as_actor(Channel.API)), request))

        return once(request, cancel)


class UndoActView(Endpoint):
    """Take an act back, as an act of its own: what others have changed since is left. Answers 202 with that act; asked
    again, with the same one. 409 while the act still runs."""

    needs = {"POST": BULK}
    takes = {"POST": NOTHING}
    gives = {"POST": {202: under_way(placed(ACT))}}

    def post(self, request: Request, act_id: UUID) -> HttpResponse:
        """Undo a bulk act."""
        act = own_act_or_404(act_id, request)
        with self.body(request):
            pass

        def undo() -> Response:
            undone = start_undo(act, actor=principal_of(request).as_actor(Channel.API))
            if not undone.is_over:
                transaction.on_commit(lambda: announce(undone.pk))
            answer = Response(plain_act(undone, request), status=status.HTTP_202_ACCEPTED)
            answer["Location"], answer["Retry-After"] = answer.data["url"], POLL_AFTER
            return answer

        return once(request, undo)


def own_act_or_404(act_id: UUID, request: Request) -> BulkAct:
    """The act, which others' acts are not."""
    found = queries.acts_of(principal_of(request)).filter(pk=act_id).first()
    if found is None:
        raise Http404
    return found


def plain_act(act: BulkAct, request: Request) -> dict[str, Any]:
    """An act as plain values."""
    undone = getattr(act, "undone_by", None)
    return {
        "id": str(act.pk),
        "url": request.build_absolute_uri(reverse("api:act", args=[act.pk])),
        "subject": str(act.subject),
        "changes": queries.in_words(act),
        "state": str(act.state),
        "problem": act.problem or None,
        "total": act.total,
        "done": act.done,
        "counts": {str(outcome): act.counts.get(outcome, 0) for outcome in Outcome if outcome != Outcome.WAITING},
        "created": utc(act.created_at),
        "finished": utc(act.finished_at),
        "undo_of": str(act.undo_of_id) if act.undo_of_id else None,
        "undone_by": str(undone.pk) if undone else None,
    }


def _asked(request: Request) -> tuple[str, int]:
    """Outcome and number after which the page begins. Raises ValidationError."""
    problems: dict[str, list[str]] = {}
    outcome, after = "", "0"
    try:
        outcome, after = one_of(request.query_params, "outcome") or "", one_of(request.query_params, "after") or "0"
    except ValidationError as error:
        problems |= error.message_dict
    if outcome and outcome not in Outcome.slugs():
        problems["outcome"] = [f"“{outcome[:60]}” is no outcome{nearest(outcome, Outcome.slugs())}"]
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        problems["after"] = ["Follow the address that an earlier answer gave as `next`."]
    if problems:
        raise ValidationError(problems)
    return outcome, int(after)
