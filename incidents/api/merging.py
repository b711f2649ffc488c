"""Merging incidents and moving alerts, for programs: the commands of the pages, with the same rules and answers."""

from __future__ import annotations

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from alerts.lookup import visible_alerts
from common.api import AlwaysJSON
from common.api_body import Body
from incidents.api.incidents import with_addresses
from incidents.commands import merge, move_alerts, unmerge
from incidents.commands.alerts import MOST_ALERTS
from incidents.models import Incident
from incidents.queries import merging as queries
from incidents.queries.plain import plain_incidents
from incidents.rules.merging import MOST_MERGED, Choice, finding_word

LARGEST = 2**63 - 1


class MergeView(APIView):
    """Merge incidents: `{"target": 12, "sources": [7, 9], "reason": "…"}`.

    Where the incidents differ, `assignee` (a username, `team:` and a team's name, or `unassigned`), `classification`
    with `determination`, and `name_of` (a number) say what is kept. Answers the target; 409 names the fields that
    stand in the way, and nothing is written.
    """

    needs = {"POST": Permission.MERGE_INCIDENTS}
    content_negotiation_class = AlwaysJSON

    def post(self, request: Request) -> Response:
        known = ("target", "sources", "reason", "assignee", "classification", "determination", "name_of")
        body = Body(request.data, known)
        target, sources = body.number("target"), body.numbers("sources", MOST_MERGED)
        reason = body.text("reason")
        finding = body.text("classification", required=False)
        choice = Choice(
            assignee=body.text("assignee", required=False),
            finding=finding_word(finding, body.text("determination", required=False) or "not_set") if finding else "",
            name=body.number("name_of", required=False),
        )
        principal = principal_of(request)
        found = {each.pk: each for each in queries.chosen([target, *sources], principal)}
        missing = sorted({target, *sources} - found.keys())
        if missing:
            raise Http404
        merged = merge(
            found[target],
            [found[number] for number in sources],
            actor=principal.as_actor(Channel.API),
            reason=reason,
            choice=choice,
            principal=principal,
        )
        return answered(merged, request)


class UnmergeView(APIView):
    """Bring an incident back that was merged away: `{"reason": "…"}`, or nothing. Answers it as it is now."""

    needs = {"POST": Permission.MERGE_INCIDENTS}
    content_negotiation_class = AlwaysJSON

    def post(self, request: Request, number: int) -> Response:
        reason = Body(request.data or {}, ("reason",)).text("reason", required=False)
        principal = principal_of(request)
        found = queries.chosen([number], principal) if number <= LARGEST else []
        if not found:
            raise Http404
        actor = principal.as_actor(Channel.API)
        return answered(unmerge(found[0], actor=actor, reason=reason, principal=principal), request)


class MoveAlertsView(APIView):
    """Move alerts: `{"alerts": [101, 102], "to": 12, "comment": "…"}`; without `to` they are split off into a new
    incident. Answers the incident where they are now."""

    needs = {"POST": Permission.MERGE_INCIDENTS}
    content_negotiation_class = AlwaysJSON

    def post(self, request: Request) -> Response:
        body = Body(request.data, ("alerts", "to", "comment"))
        ids, number = body.numbers("alerts", MOST_ALERTS), body.number("to", required=False)
        comment, principal = body.text("comment"), principal_of(request)
        if visible_alerts(principal, ids).count() < len(ids):
            raise Http404
        found = queries.chosen([number], principal) if number else []
        if number and not found:
            raise Http404
        actor = principal.as_actor(Channel.API)
        moved = move_alerts(ids, found[0] if found else None, actor=actor, comment=comment, principal=principal)
        return answered(moved.to, request)


def answered(incident: Incident, request: Request) -> Response:
    """The incident as it is now."""
    return Response(with_addresses(plain_incidents([incident.pk], principal_of(request)), request)[0])
