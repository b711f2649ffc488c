"""A restricted incident does not exist for whoever is not named: on no route that the matrix says is about one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from incidents.commands import change_tags, restrict, set_incident_members
from incidents.models import Incident
from tests.access.addresses import address, ask
from tests.access.matrix import ROLES, TABLE, About, about
from tests.access.things import make_things
from tests.conftest import alert, device, opened
from tests.incidents.rows import news

CHOSEN_IN_FORMS = ("incidents:manage_many", "alert_acts:manage_many", "alert_acts:move")
"""About those that the request names (`data`)."""
OF_ONE_INCIDENT = [*about(About.INCIDENT), *about(About.ENTITY), *CHOSEN_IN_FORMS]


@pytest.mark.parametrize("role", ["reader", "analyst", "lead", "admin"])
def test_a_restricted_incident_does_not_exist_for_others(
    incident: Incident, people: dict[str, User], rio: User, sign_in: Callable[[User], Client], role: str
) -> None:
    make_things(incident, rio, owner_of_rule=rio)
    restrict(incident, [rio], actor=rio.as_actor())
    client, wrong = sign_in(people[role]), []
    for name in OF_ONE_INCIDENT:
        where = address(name, incident)
        for method, needed in TABLE[name].items():
            status = ask(client, method, name, incident, where).status_code
            if status != (404 if needed in ROLES[role] else 403):
                wrong.append((method, name, status))
    assert not wrong, "\n".join(map(str, wrong))


def test_a_restricted_incident_is_there_for_its_members(
    incident: Incident, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    make_things(incident, lee, owner_of_rule=lee)
    restrict(incident, [rio], actor=rio.as_actor())
    set_incident_members(incident, [rio, lee], actor=rio.as_actor())
    client, wrong = sign_in(lee), []
    for name in OF_ONE_INCIDENT:
        for method, needed in TABLE[name].items():
            status = ask(client, method, name, incident).status_code
            if needed not in ROLES["lead"]:
                right: tuple[int, ...] = (403,)
            else:
                # what is sent is too little to change anything
                of_api = (200, 204, 400, 409, 415, 428) if name.startswith("api:") else (200, 302, 400, 409, 422)
                right = (202,) if name == "api:incident_exports" else of_api
            if status not in right:
                wrong.append((method, name, status))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.django_db(transaction=True)
def test_changes_do_not_tell_of_what_one_may_not_see(ana: User, lee: User, sign_in: Callable[[User], Client]) -> None:
    secret = opened(alert("secret", entities=(device("dc-99"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    others, members = sign_in(ana), sign_in(lee)
    start = int(others.get(reverse("incidents:changes"), {"since": 2**61})["X-Last-Entry"])
    change_tags(secret, add=["x"], actor=lee.as_actor())
    assert news(members, start, {secret.pk})["incidents"] == [secret.pk]
    assert others.get(reverse("incidents:changes"), {"since": start}).status_code == 204
