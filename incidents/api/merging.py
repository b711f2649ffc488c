"""Merging incidents and moving alerts, for programs: the commands of the pages, with the same rules and answers."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.once import once
from activity.actors import Channel
from alerts.choices import Classification, Determination
from alerts.lookup import visible_alerts
from common.bodies import LARGEST_ID, LONG
from common.endpoints import Endpoint
from common.fields import SHORT_TEXT
from common.shapes import choice, ident, list_of, looked_up, needed, sent, text
from incidents.api.incidents import with_addresses
from incidents.commands import merge, move_alerts, unmerge
from incidents.commands.alerts import MOST_ALERTS
from incidents.models import Incident
from incidents.queries import merging as queries
from incidents.queries.plain import plain_incidents
from incidents.rules.merging import MOST_MERGED, Choice, finding_word
from incidents.shapes import INCIDENT


class MergeView(Endpoint):
    """Merge incidents: `{"target": 12, "sources": [7, 9], "reason": "…"}`.

    Where the incidents differ, `assignee` (a username, `team:` and a team's name, or `unassigned`), `classification`
    with `determination`, and `name_of` (a number) say what is kept. Answers the target; 409 names the fields that
    stand in the way, and nothing is written.
    """

    needs = {"POST": Permission.MERGE_INCIDENTS}
    takes = {
        "POST": sent(
            target=needed(ident("the incident that stays")),
            sources=needed(list_of(ident(), "those that go into it", most=MOST_MERGED, least=1)),
            reason=needed(text("for the log", most=LONG)),
            assignee=looked_up(text("a username, team: and a team's name, or unassigned", most=SHORT_TEXT)),
            classification=looked_up(choice(Classification)),
            determination=looked_up(choice(Determination)),
            name_of=ident("the number of the incident whose name is kept"),
        )
    }
    gives = {"POST": INCIDENT}

    def post(self, request: Request) -> HttpResponse:
        """Merge incidents."""
        with self.body(request) as body:
            target, sources = body.id("target", required=True) or 0, body.ids("sources", MOST_MERGED, required=True)
            reason = body.text("reason", LONG, required=True)
            finding, determination = body.text("classification"), body.text("determination")
            choice = Choice(
                assignee=body.text("assignee"),
                finding=finding_word(finding, determination or "not_set") if finding else "",
                name=body.id("name_of") or 0,
            )
        principal = principal_of(request)
        found = {each.pk: each for each in queries.chosen([target, *sources], principal)}
        missing = sorted({target, *sources} - found.keys())
        if missing:
            raise Http404

        def act() -> Response:
            merged = merge(
                found[target],
                [found[number] for number in sources],
                actor=principal.as_actor(Channel.API),
                reason=reason,
                choice=choice,
                principal=principal,
            )
            return answered(merged, request)

        return once(request, act)


class UnmergeView(Endpoint):
    """Bring an incident back that was merged away: `{"reason": "…"}`, or nothing. Answers it as it is now."""

    needs = {"POST": Permission.MERGE_INCIDENTS}
    takes = {"POST": sent(reason=text("for the log", most=LONG))}
    gives = {"POST": INCIDENT}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Un-merge an incident."""
        principal = principal_of(request)
        found = queries.chosen([number], principal) if number <= LARGEST_ID else []
        if not found:
            raise Http404
        with self.body(request) as body:
            reason = body.text("reason", LONG)
        actor = principal.as_actor(Channel.API)

        def act() -> Response:
            return answered(unmerge(found[0], actor=actor, reason=reason, principal=principal), request)

        return once(request, act)


class MoveAlertsView(Endpoint):
    """Move alerts: `{"alerts": [101, 102], "to": 12, "comment": "…"}`; without `to` they are split off into a new
    incident. Answers the incident where they are now."""

    needs = {"POST": Permission.MERGE_INCIDENTS}
    takes = {
        "POST": sent(
            alerts=needed(list_of(ident(), "which alerts", most=MOST_ALERTS, least=1)),
            to=ident("the incident where they shall be; without it, a new one"),
            comment=needed(text("for the log", most=LONG)),
        )
    }
    gives = {"POST": INCIDENT}

    def post(self, request: Request) -> HttpResponse:
        """Move alerts to another incident."""
        with self.body(request) as body:
            ids, number = body.ids("alerts", MOST_ALERTS, required=True), body.id("to")
            comment = body.text("comment", LONG, required=True)
        principal = principal_of(request)
        if visible_alerts(principal, ids).count() < len(ids):
            raise Http404
        found = queries.chosen([number], principal) if number else []
        if number and not found:
            raise Http404
        actor = principal.as_actor(Channel.API)

        def act() -> Response:
            moved = move_alerts(ids, found[0] if found else None, actor=actor, comment=comment, principal=principal)
            return answered(moved.to, request)

        return once(request, act)


def answered(incident: Incident, request: Request) -> Response:
    """The incident as it is now."""
    return Response(with_addresses(plain_incidents([incident.pk], principal_of(request)), request)[0])
