"""A question that the database would take too long for is answered with what to do, by page and API alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from incidents.queries import queue


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "address", ["/incidents/?q=beacon", "/api/v1/incidents/?q=beacon", "/exports/incidents.csv?q=x"]
)
def test_what_takes_too_long_says_how_to_ask_for_less(
    address: str, ana: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 30")
            try:
                cursor.execute("SELECT pg_sleep(5)")
            finally:
                cursor.execute("RESET statement_timeout")

    monkeypatch.setattr(queue, "with_defaults", slow)
    answer = sign_in(ana).get(address)
    assert answer.status_code == 503
    assert "arrow it" in answer.content.decode()
