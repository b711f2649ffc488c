"""Changing one incident, for programs: what its Manage pane and its buttons do, by the same commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.models import User
from accounts.once import once
from activity.actors import Channel
from alerts.choices import Classification, Determination
from common.endpoints import NOTHING, Endpoint
from common.preconditions import seen_of
from common.shapes import (
    answer,
    choice,
    flag,
    ident,
    looked_up,
    moment,
    needed,
    sent,
    tagged,
    uuid,
    word_of,
)
from incidents import commands
from incidents.api.holding import held
from incidents.api.incidents import IncidentView, incident_answer
from incidents.api.lookup import visible_or_404
from incidents.api.wishes import CHANGES_OF_ONE, changes_of
from incidents.changes import Changes
from incidents.choices import Outcome
from incidents.models import Incident
from incidents.queries.versions import saved_by
from incidents.rules import SNOOZES, snooze_until
from incidents.shapes import INCIDENT_CHANGED, INCIDENT_IN_FULL, INCIDENT_UNDONE

FOLLOWING = answer("Following", incident=ident(), following=flag())


class ChangeableIncidentView(IncidentView):
    """One incident (GET), and changing it (PATCH): every field that is sent, or none of them.

    `name` and `severity` are given back to the system by null; `assignee` is a username, `team:` and a team's name, or
    null; `tags` are all it shall have, `add_tags` and `remove_tags` some; resolving takes a `resolution_note`. If-Match
    names the version that this is based on. Answers the incident as it is then, with `act`, under which it can be
    undone; null where nothing was changed.
    """

    needs = IncidentView.needs | {"PATCH": Permission.EDIT_INCIDENTS}
    takes = {"PATCH": CHANGES_OF_ONE}
    gives = IncidentView.gives | {"PATCH": tagged(INCIDENT_CHANGED)}
    versioned = ("PATCH",)

    def patch(self, request: Request, number: int) -> Response:
        """Change an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        return saved(request, incident, lambda locked: changes_of(request.data, locked, principal))


class ClassifyView(Endpoint):
    """Classify an incident as those that are like it were: `{"classification": "true_positive", "determination":
    "phishing"}`. If-Match names the version it was looked at with; answers as PATCH does."""

    needs = {"POST": Permission.EDIT_INCIDENTS}
    takes = {"POST": sent(classification=needed(choice(Classification)), determination=choice(Determination))}
    gives = {"POST": tagged(INCIDENT_CHANGED)}
    versioned = ("POST",)

    def post(self, request: Request, number: int) -> HttpResponse:
        """Classify an incident like others."""
        incident = visible_or_404(number, principal_of(request))

        def changes(_: Incident) -> Changes:
            with self.body(request) as body:
                return Changes(
                    classification=body.term("classification", Classification),
                    determination=body.term("determination", Determination, Determination.NOT_SET),
                )

        return once(request, lambda: saved(request, incident, changes))


def saved(request: Request, incident: Incident, changes: Callable[[Incident], Changes]) -> Response:
    """Apply what is wanted to the incident, as one act."""
    actor = principal_of(request).as_actor(Channel.API)

    def act(locked: Incident) -> Response:
        before, batch = locked.version, uuid4()
        after = commands.apply_changes(locked, changes(locked), actor=actor, batch=batch)
        return incident_answer(incident.pk, request, act=str(batch) if after.version != before else None)

    return held(request, incident, act, wanted=changes)


class SnoozeView(Endpoint):
    """Put an incident off: `{"until": "2026-11-03T08:00:00Z"}`, or `{"preset": "tomorrow"}` (1h, 4h, tomorrow, monday:
    mornings in the person's own zone, of a token in UTC). If-Match names the version; answers the incident."""

    needs = {"POST": Permission.EDIT_INCIDENTS}
    takes = {"POST": looked_up(sent(until=moment("until when"), preset=word_of(SNOOZES, "in the place of a time")))}
    gives = {"POST": tagged(INCIDENT_IN_FULL)}
    versioned = ("POST",)

    def post(self, request: Request, number: int) -> HttpResponse:
        """Snooze an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        seen_of(request)
        with self.body(request) as body:
            until, preset = body.time("until"), body.text("preset")
            if preset and preset not in SNOOZES:
                body.fail("preset", f"“{preset[:60]}” is not known; send one of {', '.join(SNOOZES)}.")
            elif body.has("until") == bool(preset):
                body.fail("until", "Say until when: a time, or one preset in its place.")

        def act(locked: Incident) -> Response:
            zone = ZoneInfo(principal.time_zone if isinstance(principal, User) else "UTC")
            when = until or snooze_until(preset, timezone.localtime(timezone=zone))
            commands.snooze(locked, when, actor=principal.as_actor(Channel.API))
            return incident_answer(number, request)

        return once(request, lambda: held(request, incident, act))


class WakeView(Endpoint):
    """Take an incident up again before its time. If-Match names the version; answers the incident."""

    needs = {"POST": Permission.EDIT_INCIDENTS}
    takes = {"POST": NOTHING}
    gives = {"POST": tagged(INCIDENT_IN_FULL)}
    versioned = ("POST",)

    def post(self, request: Request, number: int) -> HttpResponse:
        """Wake an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with self.body(request):
            pass

        def act(locked: Incident) -> Response:
            commands.wake(locked, actor=principal.as_actor(Channel.API))
            return incident_answer(number, request)

        return once(request, lambda: held(request, incident, act))


class _Following(Endpoint):
    """What a person does for themselves: nothing about the incident changes, so no version is asked for."""

    needs = {"POST": Permission.SEE_INCIDENTS}
    follows: bool
    takes = {"POST": NOTHING}
    gives = {"POST": FOLLOWING}

    def answer(self, request: Request, number: int) -> HttpResponse:
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with self.body(request):
            pass
        command = commands.follow if self.follows else commands.unfollow

        def act() -> Response:
            command(incident, actor=principal.as_actor(Channel.API))
            return Response({"incident": number, "following": self.follows})

        return once(request, act)


class FollowView(_Following):
    """Be told by the bell of what others do to an incident; for people, since a token hears no bell."""

    follows = True

    def post(self, request: Request, number: int) -> HttpResponse:
        """Follow an incident."""
        return self.answer(request, number)


class UnfollowView(_Following):
    """Be told no more."""

    follows = False

    def post(self, request: Request, number: int) -> HttpResponse:
        """Follow an incident no more."""
        return self.answer(request, number)


class UndoView(Endpoint):
    """Take back what one has done oneself: `{"act": "…"}`, as PATCH or the log names it. What others have changed since
    is left, and `reason` names it. Needs no version: it takes back what was done, and no more."""

    needs = {"POST": Permission.EDIT_INCIDENTS}
    takes = {"POST": sent(act=needed(uuid("as PATCH answered it, or the log names it")))}
    gives = {"POST": tagged(INCIDENT_UNDONE)}

    def post(self, request: Request, number: int) -> HttpResponse:
        """Undo what one has done to an incident."""
        principal = principal_of(request)
        incident = visible_or_404(number, principal)
        with self.body(request) as body:
            done = body.uuid("act", required=True) or UUID(int=0)
        if not saved_by(principal, incident.pk, done):
            raise Http404

        def act() -> Response:
            actor = principal.as_actor(Channel.API)
            result = commands.take_back([incident.pk], done, actor=actor, principal=principal, batch=uuid4())
            outcome = result[incident.pk]
            told: dict[str, Any] = {"taken_back": outcome.outcome == Outcome.CHANGED, "reason": outcome.reason}
            return incident_answer(number, request, **told)

        return once(request, act)
