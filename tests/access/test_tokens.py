"""Tokens get of the API what their role or their owner gets, and nothing else of the portal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.choices import KEPT_APART
from accounts.commands import create_own_token, create_token
from accounts.models import User
from activity.actors import SYSTEM
from incidents.commands import add_comment, restrict
from incidents.models import Incident
from tests.access.addresses import address, ask
from tests.access.matrix import (
    ABOUT,
    FOR_PERSONS,
    METHODS,
    OPEN,
    ROLES,
    SIGNED_IN,
    TABLE,
    UNCONFIGURED,
    About,
    about,
)
from tests.access.test_roles import DELETES, make_all

OF_THE_API = sorted(
    (name for name in TABLE if name.startswith("api:")), key=lambda name: (name == "api:token", name in DELETES)
)
"""What takes something away comes last."""
WITH_RIGHTS = [role for role, rights in ROLES.items() if rights]
OF_AUTHORS = {("PATCH", "api:comment"), ("DELETE", "api:comment")}
"""A comment is its author's, unless one may moderate."""


def holding(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.mark.parametrize("role", WITH_RIGHTS)
@pytest.mark.parametrize("of", ["a person", "a role"])
def test_it_gets_what_its_role_or_owner_gets(incident: Incident, people: dict[str, User], role: str, of: str) -> None:
    one, rights = people[role], set(ROLES[role]) - KEPT_APART
    make_all(incident, one, people["lead"])
    add_comment(incident, "By somebody else", actor=SYSTEM)
    if of == "a person":
        ends = timezone.now() + timedelta(days=1)
        _, key = create_own_token(one, "script", permissions=rights, expires_at=ends, actor=one.as_actor())
        theirs = {("GET", "api:tokens"), ("GET", "api:token"), ("DELETE", "api:token")}
    else:
        _, key = create_token("script", actor=SYSTEM, role=role)
        theirs = set()
    found = []
    for name in OF_THE_API:
        where = address(name, incident)
        for method in METHODS:
            status = ask(holding(key), method, name, incident, where).status_code
            needed, asked = TABLE[name].get(method), (method, name)
            if needed is None:
                right = status in (403, 405)
            elif asked in theirs or (needed in rights and asked not in FOR_PERSONS and name not in ABOUT[About.OWN]):
                right = (status not in (401, 403, 404, 405) and status < 500) or (status == 403 and asked in OF_AUTHORS)
            elif needed == SIGNED_IN and name == "api:schema":
                right = status == 200
            else:
                right = status in ((403, 404) if name in ABOUT[About.OWN] else (403,))
            if not right:
                found.append((method, name, status))
    assert not found, "\n".join(map(str, found))


def test_a_sensor_sends_alerts_and_gets_nothing_else(incident: Incident, people: dict[str, User]) -> None:
    make_all(incident, people["lead"], people["lead"])
    _, key = create_token("sensor", actor=SYSTEM, source="suricata")
    found = {}
    for name in OF_THE_API:
        for method in TABLE[name]:
            found[method, name] = ask(holding(key), method, name, incident).status_code
    sent, schema = found.pop(("POST", "api:alerts")), found.pop(("GET", "api:schema"))
    assert (sent, schema) == (400, 200)
    assert set(found.values()) == {403}, found


def test_no_token_opens_a_page(incident: Incident) -> None:
    _, key = create_token("script", actor=SYSTEM, role="admin")
    for name, methods in TABLE.items():
        if "GET" in methods and methods["GET"] not in (OPEN, UNCONFIGURED) and not name.startswith("api:"):
            assert ask(holding(key), "GET", name, incident).status_code == 302


def test_no_token_opens_what_is_restricted(incident: Incident, people: dict[str, User], rio: User) -> None:
    """Not even that of a role which may see all of it, nor that of a person who is named."""
    member = people["lead"]
    restrict(incident, [rio, member], actor=rio.as_actor())
    _, of_role = create_token("script", actor=SYSTEM, role="lead")
    for name in [*about(About.INCIDENT), *ABOUT[About.ENTITY]]:
        if name.startswith("api:"):
            where = address(name, incident)
            for method, needed in TABLE[name].items():
                expected = 404 if needed in set(ROLES["lead"]) - KEPT_APART else 403
                assert ask(holding(of_role), method, name, incident, where).status_code == expected, (method, name)
