"""One person of each role, and one of no role at all."""

from __future__ import annotations

import pytest

from accounts.models import User


@pytest.fixture
def people(otto: User, vic: User, ana: User, lee: User, ada: User) -> dict[str, User]:
    return {"outsider": otto, "reader": vic, "analyst": ana, "lead": lee, "admin": ada}
