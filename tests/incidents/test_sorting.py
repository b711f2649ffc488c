"""Orders by several keys: refused where they mean nothing, and walked page by page without loss."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from alerts.choices import Severity
from incidents.models import Incident
from incidents.queries import queue as queries
from incidents.queries.queue import QueuePage, queue_page
from tests.conftest import NOON
from tests.incidents.rows import row, stored

FIELDS = {
    "severity": "severity",
    "priority": "priority",
    "created": "created_at",
    "updated": "updated_at",
    "last_activity": "last_activity",
    "number": "pk",
}


@pytest.fixture
def many(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Incident]:
    monkeypatch.setattr(queries, "PAGE_SIZE", 7)
    draw = random.Random(5)
    return stored(
        row(
            number,
            severity=draw.choice([Severity.LOW, Severity.MEDIUM, Severity.HIGH]),
            priority=draw.choice([10, 50, 90]),
            created_at=NOON + timedelta(hours=draw.randrange(3)),
            updated_at=NOON + timedelta(hours=draw.randrange(3)),
        )
        for number in range(40)
    )


def page(user: User, query: str) -> QueuePage:
    return queue_page(QueryDict(query), user, "/incidents/")


def numbers(found: QueuePage) -> list[int]:
    return [each.number for each in found.rows]


def in_order(rows: list[Incident], words: list[str]) -> list[tuple[object, ...]]:
    """The rows' values under these keys, sorted as asked for."""
    sorted_rows = list(rows)
    for word in reversed(words):
        sorted_rows.sort(key=lambda one: getattr(one, FIELDS[word.removeprefix("-")]), reverse=word.startswith("-"))
    return [values(one, words) for one in sorted_rows]


def values(one: Incident, words: list[str]) -> tuple[object, ...]:
    return tuple(getattr(one, FIELDS[word.removeprefix("-")]) for word in words)


@pytest.mark.parametrize(
    "sort",
    [
        "-severity,-priority,created",
        "severity,-created",
        "-priority,updated,-severity",
        "created,severity",
        "-severity,last_activity",
        "-severity,-number",
        "updated,-number,severity",
    ],
)
def test_pages_of_several_keys_lose_and_repeat_nothing(many: list[Incident], ana: User, sort: str) -> None:
    pages = [page(ana, f"sort={sort}")]
    while pages[-1].next_url:
        pages.append(page(ana, urlsplit(pages[-1].next_url).query))
    walked = [number for each in pages for number in numbers(each)]
    assert sorted(walked) == sorted(one.pk for one in many)
    known = {one.pk: one for one in many}
    words = list(itertools.takewhile(lambda word: "number" not in word, sort.split(",")))
    assert [values(known[number], words) for number in walked] == in_order(many, words)
    back = page(ana, urlsplit(pages[-1].previous_url).query)
    assert numbers(back) == numbers(pages[-2])


@pytest.mark.parametrize(
    ("sort", "hint"),
    [
        ("severity,-severity", "stands there twice"),
        ("-severity,-priority,created,updated", "sorted by 3 keys at most"),
        ("severity,", "is no order"),
        ("nam", "is no order"),
        ("--severity", "is no order"),
    ],
)
def test_orders_that_mean_nothing_are_refused(
    ana: User, sign_in: Callable[[User], Client], sort: str, hint: str
) -> None:
    answer = sign_in(ana).get("/incidents/", {"sort": sort})
    assert answer.status_code == 400
    assert hint in unescape(answer.content.decode())


def test_a_cursor_belongs_to_its_order(many: list[Incident], ana: User, sign_in: Callable[[User], Client]) -> None:
    next_url = page(ana, "sort=-severity,created").next_url
    assert sign_in(ana).get(next_url.replace("-severity", "severity")).status_code == 400


def test_headings_show_direction_and_rank_and_add_to_the_order(ana: User) -> None:
    stored([row()])
    found = page(ana, "sort=-severity,priority")
    heads = {head["key"]: head for head in queries.headings(found, "/incidents/")}
    assert (heads["severity"]["direction"], heads["severity"]["rank"]) == ("descending", 1)
    assert (heads["priority"]["direction"], heads["priority"]["rank"]) == ("ascending", 2)
    assert "sort=severity,priority" in heads["severity"]["add_url"]
    assert "sort=-severity,priority,-last_activity" in heads["last_activity"]["add_url"]
    assert heads["last_activity"]["direction"] == ""


def test_a_single_key_has_no_rank(ana: User) -> None:
    stored([row()])
    heads = queries.headings(page(ana, "sort=-severity"), "/incidents/")
    assert [head["rank"] for head in heads if "rank" in head] == [0] * 3
