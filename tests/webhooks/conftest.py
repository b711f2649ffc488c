"""Webhooks that may be sent to this machine, as to a receiver in the house."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from tests.webhooks.receivers import Receiver, receiver


@pytest.fixture(autouse=True)
def _this_machine_is_the_house(settings: Any) -> None:
    settings.WEBHOOK_HTTP, settings.WEBHOOK_NETWORKS = True, (ip_network("127.0.0.0/8"),)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A receiver that takes what it is sent."""
    with receiver() as found:
        yield found
