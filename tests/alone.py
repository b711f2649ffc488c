"""What makes tests quick and keeps the processes of a parallel run apart."""

from __future__ import annotations

import os
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def quick_and_alone(settings: Any) -> None:
    """Passwords are hashed in no time, and nothing that another process has cached is read.

    Import it into the conftest.py of a folder to have it for all tests there.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": worker}}
