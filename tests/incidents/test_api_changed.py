"""`changed_since`: whoever follows the incidents by the log misses no change and hears of none twice, in whatever order
transactions end."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import User
from activity import news
from activity.actors import SYSTEM
from incidents.commands import add_comment, change_tags, follow, resolve, restrict, set_due
from incidents.models import Incident
from tests.conftest import alert, opened
from tests.incidents.rows import until_told

LIST = "/api/v1/incidents/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def script(db: None, settings: Any) -> Client:
    settings.API_READS_PER_MINUTE = 0
    _, key = create_token("script", actor=SYSTEM, role="reader")
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def three(db: None) -> list[Incident]:
    return [opened(alert(str(number), title=f"Alert {number}")) for number in range(3)]


def changed(client: Client, since: str, query: str = "", *, at_once: bool = False) -> tuple[list[int], str]:
    """All that have changed, page after page, and where to go on; asked when all that has ended can be told of, or at
    once."""
    found: list[int] = []
    if not at_once:
        until_told()
    address = f"{LIST}?changed_since={since}{query}"
    while True:
        answer = client.get(address)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        found += [incident["number"] for incident in told["incidents"]]
        if told["next"] is None:
            return found, told["changed_since"]
        address = told["next"]


def touch(incident: Incident, words: str = "Seen") -> None:
    add_comment(incident, words, actor=SYSTEM)


@contextmanager
def held_open(act: Callable[[], None]) -> Iterator[None]:
    """An act whose transaction has begun and written, and ends only after what is inside."""
    written, end = threading.Event(), threading.Event()

    def run() -> None:
        with transaction.atomic():
            act()
            written.set()
            assert end.wait(10)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert written.wait(10)
        yield
    finally:
        end.set()
        thread.join(10)


def test_from_the_beginning_all_come_in_the_order_of_their_last_change(script: Client, three: list[Incident]) -> None:
    one, two, other = three
    resolve(one, actor=SYSTEM, note="Done")
    found, since = changed(script, "0", "&limit=1")
    assert found == [two.pk, other.pk, one.pk]
    assert changed(script, since) == ([], since) or changed(script, since)[0] == []
    touch(two)
    change_tags(other, add=["wave"], actor=SYSTEM)
    touch(two, "Again")
    assert changed(script, since)[0] == [other.pk, two.pk]
    now = script.get(f"{LIST}?changed_since=now").json()
    assert (now["incidents"], now["next"]) == ([], None)


def test_a_transaction_that_ends_late_is_not_missed(script: Client, three: list[Incident]) -> None:
    one, two, other = three
    _, since = changed(script, "0")
    with held_open(lambda: touch(one)):
        touch(two)
        # what ended after it began waits for it, so that places of the log never fill up behind a reader
        found, meanwhile = changed(script, since, at_once=True)
        assert found == []
        touch(other)
    found, then = changed(script, meanwhile)
    assert sorted(found) == [one.pk, two.pk, other.pk]
    assert changed(script, then)[0] == []


def test_one_that_changes_while_pages_are_read_moves_on(script: Client, three: list[Incident]) -> None:
    one, two, other = three
    until_told()
    first = script.get(f"{LIST}?changed_since=0&limit=1").json()
    assert [incident["number"] for incident in first["incidents"]] == [one.pk]
    touch(two)
    found, _ = changed(script, first["changed_since"], "&limit=1")
    assert found == [other.pk, two.pk]


def test_a_long_absence_is_read_in_portions(
    script: Client, three: list[Incident], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MOST_PASSED", 4)
    for number in range(12):
        touch(three[0], f"Comment {number}")
    until_told()
    pages = [script.get(f"{LIST}?changed_since=0").json()]
    while pages[-1]["next"]:
        pages.append(script.get(pages[-1]["next"]).json())
    assert len(pages) > 3
    found = [incident["number"] for page in pages for incident in page["incidents"]]
    assert sorted(found) == sorted(each.pk for each in three)
    assert found[-1] == three[0].pk


def test_filters_are_those_of_the_queue_without_its_defaults(script: Client, three: list[Incident], lee: User) -> None:
    one, two, other = three
    _, since = changed(script, "0")
    resolve(one, actor=SYSTEM, note="Done")
    change_tags(two, add=["100%"], actor=SYSTEM)
    restrict(other, [lee], actor=lee.as_actor())
    assert changed(script, since)[0] == [one.pk, two.pk]
    assert changed(script, since, "&status=active")[0] == [two.pk]
    assert changed(script, since, "&tag=100%25")[0] == [two.pk]
    assert changed(script, since, "&q=alert")[0] == [one.pk, two.pk]


def test_what_concerns_one_person_alone_is_no_change(script: Client, three: list[Incident], lee: User) -> None:
    _, since = changed(script, "0")
    follow(three[0], actor=lee.as_actor())
    assert changed(script, since)[0] == []
    touch(three[0])
    follow(three[0], actor=lee.as_actor())
    assert changed(script, since)[0] == [three[0].pk]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("changed_since=yesterday", "changed_since"),
        ("changed_since=1-2-3", "changed_since"),
        (f"changed_since={10**17}", "changed_since"),
        ("changed_since=0&changed_since=1", "changed_since"),
        ("changed_since=0&sort=-updated", "sort"),
        ("changed_since=0&severity=hihg", "severity"),
    ],
)
def test_what_means_nothing_is_refused(script: Client, query: str, field: str) -> None:
    answer = script.get(f"{LIST}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_under_writers_at_random_a_reader_ends_with_the_truth() -> None:
    """Writers hold their transactions open for random times; the reader asks all the while, and keeps the version that
    each incident came with. Nothing is missed where it ends with the versions that are, and nothing is told twice where
    an incident came no oftener than it was changed."""
    incidents = [opened(alert(str(number), title=f"Alert {number}")) for number in range(5)]
    _, key = create_token("script", actor=SYSTEM, role="reader")
    script = Client(headers={"Authorization": f"Bearer {key}"})
    changes: dict[int, int] = dict.fromkeys((incident.pk for incident in incidents), 0)
    counting, start = threading.Lock(), timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for place in range(12):
            incident = chance.choice(incidents)
            with transaction.atomic():
                set_due(incident, start + timedelta(minutes=seed * 100 + place), actor=SYSTEM)
                threading.Event().wait(chance.uniform(0, 0.02))
            with counting:
                changes[incident.pk] += 1
        connections.close_all()

    _, since = changed(script, "0")
    versions = dict(Incident.objects.values_list("pk", "version"))
    came: dict[int, int] = dict.fromkeys(versions, 0)
    writers = [threading.Thread(target=write, args=[seed]) for seed in range(4)]
    for writer in writers:
        writer.start()
    is_last = False
    while not is_last:
        is_last = not any(writer.is_alive() for writer in writers)
        if is_last:
            until_told()
        told = script.get(f"{LIST}?changed_since={since}&limit=2").json()
        since, is_last = told["changed_since"], is_last and told["next"] is None
        for incident in told["incidents"]:
            versions[incident["number"]] = incident["version"]
            came[incident["number"]] += 1
        if not told["incidents"]:
            threading.Event().wait(0.005)
    assert versions == dict(Incident.objects.values_list("pk", "version"))
    assert all(came[number] <= changes[number] for number in came)
    assert sum(came.values()) > 0
