"""Paging by key: cursors that only their own list understands. Walking whole lists: tests/incidents."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.pagination import BadCursor, Order, page_of_ids
from incidents.models import Incident
from tests.activity.chains import bare_incident

LAST = Order("-last_activity", ("-last_activity", "-id"))
SEVERITY = Order("-severity", ("-severity", "-last_activity", "-id"))
NUMBER = Order("number", ("id",))


def cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.fixture
def three(db: None) -> list[int]:
    return [bare_incident().pk for _ in range(3)]


def test_a_list_that_fits_has_no_neighbours(three: list[int]) -> None:
    page = page_of_ids(Incident.objects.all(), NUMBER, size=3)
    assert (page.ids, page.previous, page.next) == (three, "", "")


def test_ties_are_broken_by_id(three: list[int]) -> None:
    first = page_of_ids(Incident.objects.all(), LAST, size=2)
    second = page_of_ids(Incident.objects.all(), LAST, size=2, after=first.next)
    assert first.ids + second.ids == three[::-1]
    assert second.next == ""
    assert page_of_ids(Incident.objects.all(), LAST, size=2, before=second.previous).ids == first.ids


def test_beyond_the_end_is_an_empty_page(three: list[int]) -> None:
    page = page_of_ids(Incident.objects.all(), NUMBER, after=cursor("number", 10**9))
    assert (page.ids, page.previous, page.next) == ([], "", "")


def test_an_order_turned_round_twice_is_itself() -> None:
    assert SEVERITY.reversed().reversed() == SEVERITY


BAD = {
    "nothing of ours": "abc",
    "not ASCII": "é",
    "no base64": "$$$$",
    "no JSON": base64.urlsafe_b64encode(b"{").decode(),
    "an object": base64.urlsafe_b64encode(b'{"a": 1}').decode(),
    "a number": base64.urlsafe_b64encode(b"7").decode(),
    "nothing": base64.urlsafe_b64encode(b"null").decode(),
    "an empty list": cursor(),
    "another order": cursor("-last_activity", "2026-01-01T00:00:00+00:00", 1),
    "too few values": cursor("-severity", 3, 5),
    "too many values": cursor("-severity", 3, "2026-01-01T00:00:00+00:00", 5, 6),
    "a word for a number": cursor("-severity", "high", "2026-01-01T00:00:00+00:00", 5),
    "a fraction": cursor("-severity", 1.5, "2026-01-01T00:00:00+00:00", 5),
    "a list inside": cursor("-severity", [3], "2026-01-01T00:00:00+00:00", 5),
    "a truth value": cursor("-severity", True, "2026-01-01T00:00:00+00:00", 5),
    "a number too large": cursor("-severity", 2**31, "2026-01-01T00:00:00+00:00", 5),
    "no time": cursor("-severity", 3, "yesterday", 5),
    "a time without zone": cursor("-severity", 3, "2026-01-01T00:00:00", 5),
    "a number for a time": cursor("-severity", 3, 5, 5),
    "an id too large": cursor("-severity", 3, "2026-01-01T00:00:00+00:00", 2**63),
    "a word for an id": cursor("-severity", 3, "2026-01-01T00:00:00+00:00", "5"),
    "endless nesting": base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    "an endless number": base64.urlsafe_b64encode(b'["-severity",' + b"9" * 5_000 + b"]").decode(),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("direction", ["after", "before"])
def test_a_damaged_cursor_is_refused(db: None, text: str, direction: str) -> None:
    with pytest.raises(BadCursor):
        page_of_ids(Incident.objects.all(), SEVERITY, **{direction: text})


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.datetimes().map(str)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.lists(VALUES, max_size=4),
    order=st.sampled_from([LAST, SEVERITY, NUMBER]),
    text=st.none() | st.text(max_size=40),
)
def test_any_cursor_gives_a_page_or_is_refused(db: None, values: list[Any], order: Order, text: str | None) -> None:
    with contextlib.suppress(BadCursor):
        page_of_ids(Incident.objects.all(), order, after=text if text is not None else cursor(order.name, *values))
