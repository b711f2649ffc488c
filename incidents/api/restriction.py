"""Who sees an incident, for programs: its members, restricting it to some, lifting that."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from activity.actors import Channel
from common.bodies import LONG, Body
from common.endpoints import Endpoint
from common.preconditions import with_tag
from common.shapes import (
    list_of,
    looked_up,
    needed,
    sent,
    tagged,
    text,
)
from incidents.api.holding import held
from incidents.api.lookup import visible_or_404
from incidents.commands import lift_restriction, restrict, set_incident_members
from incidents.commands.restriction import words_of_members
from incidents.forms.access import MOST_MEMBERS, MembersField
from incidents.models import Incident
from incidents.models.access import Member
from incidents.shapes import RESTRICTION


class RestrictionView(Endpoint):
    """Whether an incident is restricted, and to whom (GET); naming who alone sees it (PUT, `{"members": ["ana",
    "team:tier2"], "reason": "…"}`, with a reason where it was not restricted before); showing it to everyone again
    (DELETE, `{"reason": "…"}`). If-Match names the incident's version.

    Who is not among the members does not see it from then on, this answer being the last they are told; a token never
    is.
    """

    needs = dict.fromkeys(("GET", "HEAD", "PUT", "DELETE"), Permission.RESTRICT_INCIDENTS)
    takes = {
        "PUT": sent(
            members=looked_up(list_of(looked_up(text()), "usernames, and team: with a team's name", most=MOST_MEMBERS)),
            reason=looked_up(text("needed where it was not restricted before", most=LONG)),
        ),
        "DELETE": sent(reason=needed(text("for the log", most=LONG))),
    }
    gives = dict.fromkeys(("GET", "PUT", "DELETE"), tagged(RESTRICTION))
    versioned = ("PUT", "DELETE")

    def get(self, request: Request, number: int) -> Response:
        """Read who sees an incident."""
        return answered(visible_or_404(number, principal_of(request)))

    def put(self, request: Request, number: int) -> Response:
        """Restrict an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)

        def act(locked: Incident) -> Response:
            with self.body(request) as body:
                members = _members(body)
                reason = body.text("reason", LONG, required=not locked.restricted)
            change = set_incident_members if locked.restricted else restrict
            return answered(change(locked, members, actor=principal.as_actor(Channel.API), reason=reason))

        return held(request, incident, act)

    def delete(self, request: Request, number: int) -> Response:
        """Lift the restriction of an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)

        def act(locked: Incident) -> Response:
            with self.body(request) as body:
                reason = body.text("reason", LONG, required=True)
            return answered(lift_restriction(locked, actor=principal.as_actor(Channel.API), reason=reason))

        return held(request, incident, act)


def _members(body: Body) -> list[Member]:
    words = body.texts("members", MOST_MEMBERS)
    try:
        members: list[Member] = MembersField().clean(list(words))
    except ValidationError as error:
        if body.at("members") not in body.found:
            body.fail(body.at("members"), " ".join(error.messages))
        return []
    return members


def answered(incident: Incident) -> Response:
    told: dict[str, Any] = {
        "incident": incident.pk,
        "restricted": incident.restricted,
        "members": words_of_members(incident) if incident.restricted else [],
        "version": incident.version,
    }
    return with_tag(Response(told), incident.version)
