"""Walking the queue from page to page, in every order, forward and back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import User
from incidents.models import Incident
from incidents.queries import queue as queries
from incidents.queries.queue import ORDERS, QueuePage, queue_page
from tests.conftest import NOON
from tests.incidents.rows import row, stored

SIZE = 7


@pytest.fixture
def many(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Incident]:
    """Thirty-one incidents with many ties in every sort field."""
    monkeypatch.setattr(queries, "PAGE_SIZE", SIZE)
    return stored(
        row(
            number,
            severity=number % 3 + 2,
            last_activity=NOON + timedelta(minutes=number * 7 % 4),
            created_at=NOON + timedelta(minutes=number % 2),
            updated_at=NOON + timedelta(minutes=number % 5),
        )
        for number in range(31)
    )


def in_order(rows: list[Incident], name: str) -> list[int]:
    """The reference: Python's stable sort, field by field from the last."""
    for field in reversed(ORDERS[name].fields):
        rows = sorted(rows, key=lambda each: getattr(each, field.lstrip("-")), reverse=field.startswith("-"))
    return [each.pk for each in rows]


def page(user: User, query: str) -> QueuePage:
    return queue_page(QueryDict(query), user, "/incidents/")


def numbers(found: QueuePage) -> list[int]:
    return [each.number for each in found.rows]


@pytest.mark.parametrize("name", ORDERS)
def test_all_pages_together_are_the_sorted_list_forward_and_back(many: list[Incident], ana: User, name: str) -> None:
    pages = [page(ana, f"sort={name}")]
    while pages[-1].next_url:
        pages.append(page(ana, urlsplit(pages[-1].next_url).query))
    walked = [number for each in pages for number in numbers(each)]
    assert walked == in_order(many, name)
    assert [len(each.rows) for each in pages] == [7, 7, 7, 7, 3]

    back = [pages[-1]]
    while back[-1].previous_url:
        back.append(page(ana, urlsplit(back[-1].previous_url).query))
    assert [numbers(each) for each in back] == [numbers(each) for each in reversed(pages)]


def test_the_filter_stays_from_page_to_page(many: list[Incident], ana: User) -> None:
    first = page(ana, "severity=high&sort=number")
    second = page(ana, urlsplit(first.next_url).query)
    assert {Incident.objects.get(pk=number).severity for number in numbers(first) + numbers(second)} == {4}
    query = parse_qs(urlsplit(first.next_url).query)
    assert (query["severity"], query["sort"]) == (["high"], ["number"])


def test_a_row_that_goes_meanwhile_shifts_nothing(many: list[Incident], ana: User) -> None:
    first = page(ana, "sort=number")
    Incident.objects.filter(pk=numbers(first)[-1]).update(status=2, severity=1)
    second = page(ana, urlsplit(first.next_url).query)
    assert numbers(second) == in_order(many, "number")[SIZE : 2 * SIZE]


def test_rows_that_come_meanwhile_are_met_going_back(many: list[Incident], ana: User) -> None:
    second = page(ana, urlsplit(page(ana, "sort=-number").next_url).query)
    (fresh,) = stored([row(99)])
    first = page(ana, urlsplit(second.previous_url).query)
    assert numbers(first) == in_order(many, "-number")[:SIZE]
    assert numbers(page(ana, urlsplit(first.previous_url).query)) == [fresh.pk]


def test_the_count_is_the_same_on_every_page(many: list[Incident], ana: User) -> None:
    first = page(ana, "")
    second = page(ana, urlsplit(first.next_url).query)
    assert (first.count.exact, second.count.exact) == (31, 31)


@pytest.mark.parametrize("word", ["after", "before"])
@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "WyItc2V2ZXJpdHkiLCJoaWdoIiwxLDJd", "W10", "é", "%00"])
def test_a_damaged_cursor_is_a_400_that_says_so(
    db: None, ana: User, sign_in: Callable[[User], Client], word: str, cursor: str
) -> None:
    answer = sign_in(ana).get(f"{reverse('incidents:queue')}?{word}={cursor}")
    assert answer.status_code == 400
    assert "damaged or belongs to another order" in answer.content.decode()


def test_a_cursor_of_another_order_is_refused(
    many: list[Incident], ana: User, sign_in: Callable[[User], Client]
) -> None:
    after = parse_qs(urlsplit(page(ana, "sort=number").next_url).query)["after"][0]
    answer = sign_in(ana).get(reverse("incidents:queue"), {"after": after, "sort": "-severity"})
    assert answer.status_code == 400


def test_an_unknown_order_is_refused_with_a_suggestion(db: None, ana: User, sign_in: Callable[[User], Client]) -> None:
    answer = sign_in(ana).get(reverse("incidents:queue"), {"sort": "severty"})
    assert answer.status_code == 400
    assert "did you mean “severity”" in answer.content.decode()
