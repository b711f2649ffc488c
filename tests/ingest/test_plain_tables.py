"""A large load fills plain tables; whatever becomes of it, the tables are whole again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from ingest.plain_tables import plain_tables

TABLE = "alerts_alert"


def constraints() -> dict[str, Any]:
    with connection.cursor() as cursor:
        return connection.introspection.get_constraints(cursor, TABLE)


def foreign_keys() -> set[str]:
    return {name for name, each in constraints().items() if each["foreign_key"]}


class Killed(BaseException):
    """As a run ends that is ended from outside."""


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_within_the_load_nothing_is_indexed_or_checked_and_after_it_everything_is() -> None:
    whole = constraints()
    with plain_tables([TABLE], is_empty=True):
        assert not foreign_keys()
        assert len(constraints()) < len(whole) - 2
    assert constraints() == whole


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_what_a_killed_load_left_out_is_made_by_the_next() -> None:
    whole = constraints()
    load = plain_tables([TABLE], is_empty=True)
    load.__enter__()
    with plain_tables([TABLE], is_empty=False):
        assert not foreign_keys(), "the first run's tables are still plain"
    assert constraints() == whole
    load.__exit__(None, None, None)
    with suppress(Killed), plain_tables([TABLE], is_empty=True):
        raise Killed
    assert constraints() == whole
