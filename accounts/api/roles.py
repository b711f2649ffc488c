"""Roles for programs."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.people import present
from accounts.api.reading import MOST_WORDS, said, something, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import create_role, redefine_role
from accounts.models import Role
from accounts.once import once
from accounts.queries import roles as queries
from accounts.shapes import ROLE
from activity.actors import Channel
from common.bodies import LONG
from common.endpoints import Endpoint
from common.shapes import (
    answer,
    changes,
    choice,
    list_of,
    looked_up,
    needed,
    sent,
    text,
)

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE

RIGHTS = list_of(choice(Permission), "all that it is a set of", most=MOST_WORDS)


class RolesView(Endpoint):
    """List all roles with the rights that each is a set of; add one: `{"name": "Night shift", "permissions":
    ["see_incidents"]}`. Nobody adds a right that they do not have."""

    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}
    takes = {"POST": looked_up(sent(name=needed(text(most=LONG)), permissions=RIGHTS, slug=text(most=LONG)))}
    gives = {"GET": answer("Roles", roles=list_of(ROLE)), "POST": {201: ROLE}}

    def get(self, request: Request) -> Response:
        """List roles."""
        return Response({"roles": queries.plain(queries.roles())})

    def post(self, request: Request) -> HttpResponse:
        """Add a role."""
        with self.body(request) as body:
            name, slug = body.text("name", LONG, required=True), body.text("slug", LONG)
            permissions = words(body, "permissions") or []

        def act() -> Response:
            made = create_role(name, permissions, slug=slug, actor=principal_of(request).as_actor(Channel.API))
            return Response(queries.plain([made])[0], status=201)

        return once(request, act)


class RoleView(Endpoint):
    """One role by its slug. `PATCH` changes what is sent of `name` and `permissions` (all that it shall be a set of),
    for all who have it, from their next request on."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": MANAGE}
    takes = {"PATCH": looked_up(changes(name=text(most=LONG), permissions=RIGHTS))}
    gives = {"GET": ROLE, "PATCH": ROLE}

    def get(self, request: Request, slug: str) -> Response:
        """Read a role."""
        return Response(queries.plain([_found(slug)])[0])

    def patch(self, request: Request, slug: str) -> Response:
        """Change a role."""
        found = _found(slug)
        with self.body(request) as body:
            name, permissions = said(body, "name"), words(body, "permissions")
            something(body)
        actor = principal_of(request).as_actor(Channel.API)
        saved = redefine_role(found, name=name, permissions=permissions, actor=actor)
        return Response(queries.plain([saved])[0])


def _found(slug: str) -> Role:
    found: Role = present(Role.objects.filter(slug=slug).first())
    return found
