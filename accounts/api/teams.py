"""Teams for programs."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.people import present
from accounts.api.reading import MOST_WORDS, said, something, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import create_team, rename_team, set_members
from accounts.commands.teams import free_slug
from accounts.models import Team, User
from accounts.once import once
from accounts.queries import teams as queries
from accounts.shapes import TEAM
from activity.actors import Channel
from common.bodies import LONG
from common.command import within_one_savepoint
from common.endpoints import Endpoint
from common.shapes import (
    answer,
    changes,
    list_of,
    looked_up,
    needed,
    sent,
    text,
)

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE

MEMBERS = list_of(text("a username", most=LONG), most=MOST_WORDS)


class TeamsView(Endpoint):
    """List all teams with their active members; add one: `{"name": "Tier 2", "slug": "tier2", "members": ["ana"]}`,
    where slug and members may be left out."""

    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}
    takes = {"POST": looked_up(sent(name=needed(text(most=LONG)), slug=text(most=LONG), members=MEMBERS))}
    gives = {"GET": answer("Teams", teams=list_of(TEAM)), "POST": {201: TEAM}}

    def get(self, request: Request) -> Response:
        """List teams."""
        return Response({"teams": queries.plain(queries.teams())})

    def post(self, request: Request) -> HttpResponse:
        """Add a team."""
        with self.body(request) as body:
            name, slug = body.text("name", LONG, required=True), body.text("slug", LONG)
            members = _people(words(body, "members") or [])

        def act() -> Response:
            actor = principal_of(request).as_actor(Channel.API)
            made = create_team(slug or free_slug(name), name=name, members=members, actor=actor)
            return Response(queries.plain([_found(made.slug)])[0], status=201)

        return once(request, act)


class TeamView(Endpoint):
    """One team by its slug. `PATCH` changes what is sent of `name` and `members` (the sign-in names of all)."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": MANAGE}
    takes = {"PATCH": looked_up(changes(name=text(most=LONG), members=MEMBERS))}
    gives = {"GET": TEAM, "PATCH": TEAM}

    def get(self, request: Request, slug: str) -> Response:
        """Read a team."""
        return Response(queries.plain([_found(slug)])[0])

    def patch(self, request: Request, slug: str) -> Response:
        """Change a team."""
        found = _found(slug)
        with self.body(request) as body:
            name, members = said(body, "name"), words(body, "members")
            something(body)
        actor = principal_of(request).as_actor(Channel.API)
        with within_one_savepoint():
            if name is not None:
                rename_team(found, name, actor=actor)
            if members is not None:
                set_members(found, _people(members), actor=actor)
        return Response(queries.plain([_found(slug)])[0])


def _found(slug: str) -> Team:
    found: Team = present(queries.team_named(slug))
    return found


def _people(usernames: list[str]) -> list[User]:
    """The people of these names; raises ValidationError for one that nobody has."""
    found = list(User.objects.get_queryset().filter(username__in=usernames))
    unknown = sorted(set(usernames) - {user.username for user in found})
    if unknown:
        raise exceptions.ValidationError({"members": [f"Nobody is called “{unknown[0][:60]}”."]})
    return found
