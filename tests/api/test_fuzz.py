"""The API asked at random as each role (tests/api/fuzzing.py). `make fuzz` asks more: FUZZ_CASES for each role."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AccessToken, User
from portal.api_docs.document import document
from tests.api.fuzzing import Fuzz
from tests.api.tour import Tour, depart

CASES = int(os.environ.get("FUZZ_CASES", "0"))
START = int(os.environ.get("FUZZ_SEED", "0"))
ONLY = os.environ.get("FUZZ_ONLY", "")
MORE = 10
USUAL = 1
"""Requests of each kind for each operation in `make test`."""


@pytest.fixture
def roles(
    vic: User,
    ana: User,
    ada: User,
    keeper: User,
    sensor: tuple[AccessToken, str],
    sign_in: Callable[[User], Client],
) -> dict[str, Client]:
    """Who asks."""
    people = {"reader": vic, "analyst": ana, "lead": keeper, "administrator": ada}
    token = Client(headers={"Authorization": f"Bearer {sensor[1]}"}, raise_request_exception=False)
    clients = {role: sign_in(person) for role, person in people.items()}
    for client in clients.values():
        client.raise_request_exception = False
    return clients | {"ingest token": token}


def test_nothing_that_is_asked_at_random_breaks_anything(tour: Tour, roles: dict[str, Client]) -> None:
    operations = sum(len(each) for each in document()["paths"].values())
    fuzz = Fuzz(roles, tour)
    found = fuzz.run(max(CASES // (2 * operations), USUAL), start=START, shrink=bool(CASES), only=ONLY)
    begun = START
    # of some operations there is little that can be made up
    while not found.broken and not ONLY and min(found.asked.values()) < CASES:
        begun += 1
        fuzz.run(MORE, start=begun, shrink=True)
    print(f"\n{found.asked}\n{dict(sorted(found.statuses.items()))}")
    assert not found.broken, f"{len(found.broken)}\n" + "\n\n".join(found.broken)
    assert {200, 201, 202, 204, 400, 403, 404, 409} <= found.statuses.keys() or ONLY


def test_who_says_nothing_of_themselves_is_told_nothing(tour: Tour) -> None:
    """Nor is a method taken that an address does not have; it says which it has."""
    depart(tour)
    for name, example in tour.examples.items():
        nobody = Client().generic(example.method, example.path, content_type="application/json")
        assert nobody.status_code == 401, name
    for template, methods in document()["paths"].items():
        path = next(each.path for each in tour.examples.values() if each.template == template)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - {each.upper() for each in methods}:
            refused = tour.client.generic(method, path, b"{}", content_type="application/json")
            assert refused.status_code == 405, f"{method} {template}"
            assert set(refused["Allow"].split(", ")) - {"HEAD"} == {each.upper() for each in methods}, template
