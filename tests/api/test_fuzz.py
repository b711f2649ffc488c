"""The API asked at random as each role (tests/api/fuzzing.py). `make fuzz` asks more: FUZZ_CASES for each role."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AccessToken, User
from portal.api_docs.document import document
from tests.api.fuzzing import Fuzz
from tests.api.tour import Tour

CASES = int(os.environ.get("FUZZ_CASES", "0"))
START = int(os.environ.get("FUZZ_SEED", "0"))
ONLY = os.environ.get("FUZZ_ONLY", "")
USUAL = 2
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
    number = sum(len(each) for each in document()["paths"].values())
    examples = max(CASES // (2 * number), 1) if CASES else USUAL
    found = Fuzz(roles, tour).run(examples, start=START, shrink=bool(CASES), only=ONLY)
    print(f"\n{found.asked}\n{dict(sorted(found.statuses.items()))}")
    assert not found.broken, f"{len(found.broken)}\n" + "\n\n".join(found.broken)
    assert {200, 201, 204, 400, 403, 404, 409} <= found.statuses.keys() or ONLY
