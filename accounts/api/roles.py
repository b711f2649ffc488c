"""Roles for programs."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.people import no_keys, present, something
from accounts.api.reading import said, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import create_role, redefine_role
from accounts.models import Role
from accounts.queries import roles as queries
from activity.actors import Channel
from common.api import AlwaysJSON
from common.api_body import Body

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE


class RolesView(APIView):
    """List all roles with the rights that each is a set of; add one: `{"name": "Night shift", "permissions":
    ["see_incidents"]}`. Nobody adds a right that they do not have."""

    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request) -> Response:
        no_keys(request)
        return Response({"roles": queries.plain(queries.roles())})

    def post(self, request: Request) -> Response:
        body = Body(request.data, ("name", "permissions", "slug"))
        made = create_role(
            body.text("name"),
            words(body, "permissions") or [],
            slug=body.text("slug", required=False),
            actor=principal_of(request).as_actor(Channel.API),
        )
        return Response(queries.plain([made])[0], status=201)


class RoleView(APIView):
    """One role by its slug. `PATCH` changes what is sent of `name` and `permissions` (all that it shall be a set of),
    for all who have it, from their next request on."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": MANAGE}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request, slug: str) -> Response:
        no_keys(request)
        return Response(queries.plain([_found(slug)])[0])

    def patch(self, request: Request, slug: str) -> Response:
        body = Body(request.data, ("name", "permissions"))
        name, permissions = said(body, "name"), words(body, "permissions")
        something(body)
        actor = principal_of(request).as_actor(Channel.API)
        saved = redefine_role(_found(slug), name=name, permissions=permissions, actor=actor)
        return Response(queries.plain([saved])[0])


def _found(slug: str) -> Role:
    found: Role = present(Role.objects.filter(slug=slug).first())
    return found
