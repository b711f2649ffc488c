"""People for programs: who there is, and, for whoever manages them, adding and changing them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.reading import said, truth, words
from accounts.authentication import principal_of
from accounts.choices import Permission
from accounts.commands import activate, change_user, create_user, deactivate
from accounts.models import User
from accounts.queries import people as queries
from activity.actors import Channel
from common.api import AlwaysJSON, bad_query
from common.api_body import Body
from common.api_lists import limit_of
from common.command import within_one_savepoint
from common.query_strings import UnknownKeys, address, check_keys, with_values

SEE, MANAGE = Permission.SEE_INCIDENTS, Permission.MANAGE_PEOPLE


class UsersView(APIView):
    """List people by name; add one: `{"username": "mia", "name": "Mia Chen", "role": "analyst"}`.

    Whoever may see incidents finds those who are here, with what assigning needs: `q` is a part of a name, `team` a
    team's slug; `limit` (1 to 200, usually 50) people come at once, `next` is the address of those that follow, or
    null. Whoever manages people may ask by `role` and `state` (active, inactive, any) as well, and is given address,
    role and state of each.

    A person who is added takes `email` and `teams` as well. They have no password: they sign in by another way, or are
    given one.
    """

    needs = {"GET": SEE, "HEAD": SEE, "POST": MANAGE}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request) -> Response:
        principal = principal_of(request)
        try:
            wanted = queries.asked(request.query_params, principal, others=("limit",))
            page = wanted.page(limit_of(request.query_params))
        except (UnknownKeys, ValidationError) as error:
            raise bad_query(error) from None
        here = request.build_absolute_uri(request.path)
        state = with_values(request.query_params)
        return Response(
            {
                "users": queries.plain(queries.read(page.ids), principal),
                "next": address(here, state | {"after": [page.next]}) if page.next else None,
            }
        )

    def post(self, request: Request) -> Response:
        body = Body(request.data, ("username", "name", "role", "email", "teams"))
        principal = principal_of(request)
        made = create_user(
            body.text("username"),
            display_name=body.text("name"),
            role=body.text("role"),
            email=body.text("email", required=False),
            teams=words(body, "teams") or (),
            password=None,
            actor=principal.as_actor(Channel.API),
        )
        return Response(queries.plain(queries.read([made.pk]), principal)[0], status=201)


class UserView(APIView):
    """One person by their sign-in name. `PATCH` changes what is sent of `name`, `email`, `role`, `teams` (the slugs of
    all) and `is_active`, all of it or nothing."""

    needs = {"GET": SEE, "HEAD": SEE, "PATCH": MANAGE}
    content_negotiation_class = AlwaysJSON

    def get(self, request: Request, username: str) -> Response:
        no_keys(request)
        principal = principal_of(request)
        found = _found(username)
        if not found.is_active and not principal.may(MANAGE):
            raise Http404
        return Response(queries.plain(queries.read([found.pk]), principal)[0])

    def patch(self, request: Request, username: str) -> Response:
        body = Body(request.data, ("name", "email", "role", "teams", "is_active"))
        principal = principal_of(request)
        found, actor = _found(username), principal.as_actor(Channel.API)
        name, email, role = said(body, "name"), said(body, "email"), said(body, "role")
        teams, is_active = words(body, "teams"), truth(body, "is_active")
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


def no_keys(request: Request) -> None:
    """Refuse an address with keys, where there are none to say anything by."""
    try:
        check_keys(request.query_params, ())
    except UnknownKeys as error:
        raise bad_query(error) from None


def something(body: Body) -> None:
    """Refuse a change of nothing."""
    if not body.data:
        raise exceptions.ValidationError({"body": ["Name at least one field to change."]})
