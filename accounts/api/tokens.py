"""A person's own tokens, for programs."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.reading import MOST_WORDS, words
from accounts.authentication import SomebodysOwn, principal_of
from accounts.choices import Permission
from accounts.commands import create_own_token, revoke_token
from accounts.models import AccessToken, User
from accounts.queries import tokens as queries
from accounts.shapes import TOKEN
from activity.actors import Channel
from common.bodies import LARGEST_ID, LONG
from common.endpoints import Endpoint
from common.shapes import (
    answer,
    choice,
    extended,
    list_of,
    looked_up,
    moment,
    needed,
    sent,
    text,
)

USUALLY = timedelta(days=90)


class TokensView(Endpoint):
    """One's own tokens; make one: `{"name": "nightly report", "permissions": ["see_incidents", "export"], "expires":
    "2027-01-31T12:00:00Z"}`, where without `expires` it ends after 90 days. The answer holds its `key`, this once.

    Only a person who is signed in makes tokens: one that makes others would outlive its own end. Tokens of machines
    have none of their own.
    """

    permission_classes = [SomebodysOwn]
    needs = dict.fromkeys(("GET", "HEAD", "POST"))
    takes = {
        "POST": looked_up(
            sent(
                name=needed(text(most=LONG)),
                permissions=list_of(choice(Permission), "some of your own", most=MOST_WORDS),
                expires=moment("usually in 90 days"),
            )
        )
    }
    gives = {
        "GET": answer("Tokens", tokens=list_of(TOKEN)),
        "POST": {201: extended(TOKEN, "NewToken", key=text("this once"))},
    }
    keyed = ()

    def get(self, request: Request) -> Response:
        """List one's tokens."""
        return Response({"tokens": queries.plain(queries.tokens_of(owner_of(request)))})

    def post(self, request: Request) -> Response:
        """Make a token."""
        owner = principal_of(request)
        if not isinstance(owner, User):
            raise PermissionDenied
        with self.body(request) as body:
            name, permissions = body.text("name", LONG, required=True), words(body, "permissions") or []
            expires_at = body.time("expires") or timezone.now() + USUALLY
        # not under an Idempotency-Key, which would keep the answer, and with it the key
        made, key = create_own_token(
            owner, name, permissions=permissions, expires_at=expires_at, actor=owner.as_actor(Channel.API)
        )
        response = Response({**queries.plain([made])[0], "key": key}, status=201)
        response["Cache-Control"] = "no-store"
        return response


class TokenView(Endpoint):
    """One of one's own tokens by its `id`. `DELETE` revokes it: it opens nothing any more, and there is no way back."""

    permission_classes = [SomebodysOwn]
    needs = dict.fromkeys(("GET", "HEAD", "DELETE"))
    gives = {"GET": TOKEN, "DELETE": {204: None}}

    def get(self, request: Request, number: int) -> Response:
        """Read one of one's tokens."""
        return Response(queries.plain([_own(request, number)])[0])

    def delete(self, request: Request, number: int) -> Response:
        """Revoke a token."""
        revoke_token(_own(request, number), actor=principal_of(request).as_actor(Channel.API))
        return Response(status=204)


def owner_of(request: Request) -> User:
    """The person that a request behind SomebodysOwn speaks for, by themselves or through a token of theirs."""
    principal = principal_of(request)
    owner = principal.owner if isinstance(principal, AccessToken) else principal
    assert owner is not None
    return owner


def _own(request: Request, number: int) -> AccessToken:
    found = queries.all_tokens().filter(owner=owner_of(request), pk=min(number, LARGEST_ID)).first()
    if found is None:
        raise Http404
    return found
