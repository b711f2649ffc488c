"""The shape of every state change: `common.command`."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection, connections, transaction

from activity.actors import SYSTEM, Actor
from common.command import ATTEMPTS, COMMANDS, command
from incidents.models import Incident
from tests.activity.chains import bare_incident


@pytest.fixture(autouse=True)
def _register() -> Iterator[None]:
    """Commands made up here leave the register again."""
    before = dict(COMMANDS)
    yield
    COMMANDS.clear()
    COMMANDS.update(before)


def test_an_actor_is_named_by_keyword_or_it_is_no_command() -> None:
    with pytest.raises(TypeError, match="keyword-only"):

        @command
        def positional(actor: Actor) -> None: ...

    with pytest.raises(TypeError, match="keyword-only"):

        @command
        def nobody() -> None: ...


def test_it_is_known_to_the_register_by_its_dotted_name() -> None:
    @command
    def invent(*, actor: Actor) -> None: ...

    assert COMMANDS[f"{__name__}.invent"] is invent


@pytest.mark.django_db(transaction=True)
def test_it_is_one_transaction() -> None:
    @command
    def open_and_fail(*, actor: Actor) -> None:
        bare_incident()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_and_fail(actor=SYSTEM)
    assert not Incident.objects.exists()


class Lost(Exception):
    """What psycopg raises for a transaction that PostgreSQL ended."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_the_outermost_is_tried_again_after_a_deadlock(sqlstate: str) -> None:
    tries: list[bool] = []

    @command
    def unlucky(*, actor: Actor) -> str:
        tries.append(connection.in_atomic_block)
        if len(tries) < ATTEMPTS:
            raise OperationalError from Lost(sqlstate)
        return "done"

    assert unlucky(actor=SYSTEM) == "done"
    assert tries == [True] * ATTEMPTS


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_lock_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[bool] = []
    monkeypatch.setattr("common.command.LONGEST_TRYING", 0.0)

    @command
    def waiting(*, actor: Actor) -> None:
        tries.append(True)
        raise OperationalError from Lost("55P03")

    with pytest.raises(OperationalError):
        waiting(actor=SYSTEM)
    assert tries == [True]


@pytest.mark.django_db(transaction=True)
def test_it_gives_up_in_the_end_and_at_once_for_other_reasons() -> None:
    tries: list[str] = []

    @command
    def fail(sqlstate: str, *, actor: Actor) -> None:
        tries.append(sqlstate)
        raise OperationalError from Lost(sqlstate)

    for sqlstate in ("40P01", "57014"):
        with pytest.raises(OperationalError):
            fail(sqlstate, actor=SYSTEM)
    assert tries == ["40P01"] * ATTEMPTS + ["57014"]


@pytest.mark.django_db(transaction=True)
def test_an_inner_one_is_not_tried_again() -> None:
    tries: list[int] = []

    @command
    def inner(*, actor: Actor) -> None:
        tries.append(1)
        raise OperationalError from Lost("40P01")

    with pytest.raises(OperationalError), transaction.atomic():
        inner(actor=SYSTEM)
    assert tries == [1]


@pytest.mark.django_db(transaction=True)
def test_a_real_deadlock_is_outlived() -> None:
    """Two commands that lock the same two incidents in opposite order both get through."""
    first, second = bare_incident().pk, bare_incident().pk
    meeting, done = threading.Barrier(2), []

    @command
    def cross(one: int, other: int, wait: list[bool], *, actor: Actor) -> None:
        Incident.objects.select_for_update().get(pk=one)
        if wait:
            wait.pop()
            meeting.wait(timeout=30)
        Incident.objects.select_for_update().get(pk=other)
        done.append(one)

    def run(one: int, other: int) -> None:
        try:
            cross(one, other, [True], actor=SYSTEM)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(done) == sorted([first, second])
