"""Roles for programs."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.people import present
from accounts.api.reading import said, something, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import create_role, redefine_role
from accounts.models import Role
from accounts.once import once
from accounts.queries import roles as queries
from activity.actors import Channel
from common.bodies import LONG, Body
from common.endpoints import Endpoint

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE


class RolesView(Endpoint):
    """List all roles with the rights that each is a set of; add one: `{"name": "Night shift", "permissions":
    ["see_incidents"]}`. Nobody adds a right that they do not have."""

    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}

    def get(self, request: Request) -> Response:
        return Response({"roles": queries.plain(queries.roles())})

    def post(self, request: Request) -> HttpResponse:
        with Body(request.data, ("name", "permissions", "slug")) as body:
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

    def get(self, request: Request, slug: str) -> Response:
        return Response(queries.plain([_found(slug)])[0])

    def patch(self, request: Request, slug: str) -> Response:
        found = _found(slug)
        with Body(request.data, ("name", "permissions"), nulls=()) as body:
            name, permissions = said(body, "name"), words(body, "permissions")
            something(body)
        actor = principal_of(request).as_actor(Channel.API)
        saved = redefine_role(found, name=name, permissions=permissions, actor=actor)
        return Response(queries.plain([saved])[0])


def _found(slug: str) -> Role:
    found: Role = present(Role.objects.filter(slug=slug).first())
    return found
