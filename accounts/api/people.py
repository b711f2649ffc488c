"""People for programs: who there is, and, for whoever manages them, adding and changing them."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.reading import MOST_WORDS, said, something, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import activate, change_user, create_user, deactivate
from accounts.models import User
from accounts.once import once
from accounts.queries import people as queries
from accounts.shapes import USER
from activity.actors import Channel
from common.api_lists import ABOUT_KEYS, NEXT_SHAPE, limit_of
from common.bodies import LONG
from common.command import within_one_savepoint
from common.endpoints import Endpoint
from common.query_strings import address, with_values
from common.shapes import (
    answer,
    changes,
    flag,
    list_of,
    looked_up,
    needed,
    sent,
    text,
    word_of,
)

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE

NAMES = {"name": text("as people read it", most=LONG), "role": text("a role's slug", most=LONG)}
OTHERS = {"email": text(most=LONG), "teams": list_of(text("a team's slug", most=LONG), most=MOST_WORDS)}


class UsersView(Endpoint):
    """List people by name; add one: `{"username": "mia", "name": "Mia Chen", "role": "analyst"}`.

    Whoever may see incidents finds those who are here, with what assigning needs: `q` is a part of a name, `team` a
    team's slug; `limit` (1 to 200, usually 50) people come at once, `next` is the address of those that follow, or
    null. Whoever manages people may ask by `role` and `state` (active, inactive, any) as well, and is given address,
    role and state of each.

    A person who is added takes `email` and `teams` as well. They have no password: they sign in by another way, or are
    given one.
    """

    keys = {
        "GET": {
            "q": text("A part of a name."),
            "team": looked_up(text("In one team, by its slug.")),
            "role": looked_up(text("With one role, by its slug; for who manages people.")),
            "state": looked_up(word_of((*queries.STATES, ""), "Usually active; for who manages people.")),
            "after": looked_up(ABOUT_KEYS["after"]),
            "before": looked_up(ABOUT_KEYS["before"]),
            "limit": ABOUT_KEYS["limit"],
        }
    }
    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}
    takes = {
        "POST": looked_up(
            sent(
                username=needed(text("by which they are named", most=LONG)),
                **{name: needed(shape) for name, shape in NAMES.items()},
                **OTHERS,
            )
        )
    }
    gives = {"GET": answer("Users", users=list_of(USER), next=NEXT_SHAPE), "POST": {201: USER}}

    def get(self, request: Request) -> Response:
        """List people."""
        principal = principal_of(request)
        wanted = queries.asked(request.query_params, principal, others=("limit",))
        page = wanted.page(limit_of(request.query_params))
        here = request.build_absolute_uri(request.path)
        state = with_values(request.query_params)
        return Response(
            {
                "users": queries.plain(queries.read(page.ids), principal),
                "next": address(here, state | {"after": [page.next]}) if page.next else None,
            }
        )

    def post(self, request: Request) -> HttpResponse:
        """Add a person."""
        with self.body(request) as body:
            username, name = body.text("username", LONG, required=True), body.text("name", LONG, required=True)
            role, email = body.text("role", LONG, required=True), body.text("email", LONG)
            teams = words(body, "teams") or ()
        principal = principal_of(request)

        def act() -> Response:
            actor = principal.as_actor(Channel.API)
            made = create_user(
                username, display_name=name, role=role, email=email, teams=teams, password=None, actor=actor
            )
            return Response(queries.plain(queries.read([made.pk]), principal)[0], status=201)

        return once(request, act)


class UserView(Endpoint):
    """One person by their sign-in name. `PATCH` changes what is sent of `name`, `email`, `role`, `teams` (the slugs of
    all) and `is_active`, all of it or nothing."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": MANAGE}
    takes = {"PATCH": looked_up(changes(**NAMES, **OTHERS, is_active=flag()))}
    gives = {"GET": USER, "PATCH": USER}

    def get(self, request: Request, username: str) -> Response:
        """Read a person."""
        principal = principal_of(request)
        found = _found(username)
        if not found.is_active and not principal.may(MANAGE):
            raise Http404
        return Response(queries.plain(queries.read([found.pk]), principal)[0])

    def patch(self, request: Request, username: str) -> Response:
        """Change a person."""
        principal = principal_of(request)
        found, actor = _found(username), principal.as_actor(Channel.API)
        with self.body(request) as body:
            name, email, role = said(body, "name"), said(body, "email"), said(body, "role")
            teams, is_active = words(body, "teams"), body.flag("is_active")
            something(body)
        with within_one_savepoint():
            change_user(found, display_name=name, email=email, role=role, teams=teams, actor=actor)
            if is_active is not None:
                (activate if is_active else deactivate)(found, actor=actor)
        return Response(queries.plain(queries.read([found.pk]), principal)[0])


def _found(username: str) -> User:
    found: User = present(queries.person_named(username))
    return found


def present(found: Any) -> Any:
    """What was looked for; 404 where there is none."""
    if not isinstance(found, Model):
        raise Http404
    return found
