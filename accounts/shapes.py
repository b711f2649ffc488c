"""What the API says of people, teams, roles and tokens (accounts/queries/)."""

from __future__ import annotations

from accounts.choices import Permission
from common.shapes import answer, choice, flag, ident, list_of, moment, or_null, sometimes, text

USER = answer(
    "User",
    username=text("by which they are named, and sign in"),
    name=text("as people read it"),
    teams=list_of(text("a team's slug")),
    can_be_assigned=flag(),
    email=sometimes(text("this and what follows: for who manages people")),
    role=sometimes(text("its slug")),
    is_active=sometimes(flag()),
    created=sometimes(moment()),
    last_sign_in=sometimes(or_null(moment())),
)
TEAM = answer(
    "Team",
    slug=text(),
    key=text("as the filter `assignee` takes it"),
    name=text(),
    members=list_of(text("a username"), "those who are active"),
)
ROLE = answer(
    "Role",
    slug=text(),
    name=text(),
    permissions=list_of(choice(Permission)),
    is_built_in=flag(),
)
TOKEN = answer(
    "Token",
    id=ident(),
    name=text(),
    hint=text("its first characters, and no more of it"),
    permissions=list_of(choice(Permission)),
    created=moment(),
    expires=or_null(moment()),
    last_used=or_null(moment()),
    revoked=or_null(moment()),
    is_usable=flag(),
)
