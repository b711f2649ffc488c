"""What one person has made is not there for another of the same role, and what is not there is a 404 for whoever might
see it if it were, and a 403 for everybody else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import NoReverseMatch, resolve, reverse

from accounts.commands import add_authenticator_app
from accounts.models import User
from activity.actors import SYSTEM
from incidents.models import Incident
from tests.access.addresses import address, ask
from tests.access.matrix import ABOUT, NOT_THERE_OTHERWISE, ROLES, SIGNED_IN, TABLE, About, about, routes
from tests.access.test_roles import make_all
from tests.conftest import freshly_in, person

NOWHERE: dict[type, Any] = {int: 987_654_321, UUID: UUID(int=987_654_321), str: "not-there"}


@pytest.mark.parametrize("role", ROLES)
def test_what_somebody_else_has_made_is_not_there(
    incident: Incident, people: dict[str, User], sign_in: Callable[[User], Client], role: str
) -> None:
    make_all(incident, people[role], people["lead"])
    add_authenticator_app(people[role], "JBSWY3DPEHPK3PXP", actor=SYSTEM)
    sign_in(people[role])
    cleo, wrong = person("cleo", "Cleo Voss", role), []
    colleague = freshly_in(sign_in(cleo), cleo)
    for name in about(About.OWN):
        where = address(name, incident)
        for method, needed in TABLE[name].items():
            status = ask(colleague, method, name, incident, where).status_code
            if not is_right(status, name, needed, role):
                wrong.append((method, name, status))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_there_is_not_found(
    incident: Incident, people: dict[str, User], sign_in: Callable[[User], Client], role: str
) -> None:
    make_all(incident, people[role], people["lead"])
    client, wrong = freshly_in(sign_in(people[role]), people[role]), []
    for name, made in routes():
        if "<" in made and name not in (*ABOUT[About.LINK], *ABOUT[About.PROVIDER]):
            for where in absent(name, incident):
                for method, needed in TABLE[name].items():
                    status = ask(client, method, name, incident, where).status_code
                    if not is_right(status, name, needed, role):
                        wrong.append((method, name, where, status))
    assert not wrong, "\n".join(map(str, wrong))


def absent(name: str, incident: Incident) -> Iterator[str]:
    """The address with one of the things that it names in the place of which there is none; words that its own pattern
    lists have no such place."""
    match = resolve(address(name, incident))
    for key in match.captured_kwargs:
        with contextlib.suppress(NoReverseMatch):
            yield reverse(name, kwargs={**match.captured_kwargs, key: NOWHERE[type(match.captured_kwargs[key])]})


def is_right(status: int, name: str, needed: Any, role: str) -> bool:
    """Whether somebody of the role may be answered so about what is not there for them."""
    right = {404, NOT_THERE_OTHERWISE.get(name, 404)} if needed in (SIGNED_IN, *ROLES[role]) else {403}
    return status in right
