"""Lee, who may do all there is, and has been on tour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.choices import KEPT_APART, Permission
from accounts.models import Role, User
from tests.api.tour import Tour, arrive
from tests.conftest import person


@pytest.fixture
def keeper(db: None) -> User:
    """A person with every right but those that are kept apart."""
    rights = [str(right) for right in Permission if right not in KEPT_APART]
    Role.objects.create(slug="keeper", name="Keeper", permissions=rights)
    return person("lee", "Lee Park", "keeper")


@pytest.fixture
def tour(keeper: User, sign_in: Callable[[User], Client], settings: Any, tmp_path: Path) -> Tour:
    """Everything has arrived."""
    settings.DATA_DIR = tmp_path
    made = Tour(sign_in(keeper))
    arrive(made)
    return made
