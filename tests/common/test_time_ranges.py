"""Ranges of time as they stand in addresses."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from common.time_ranges import BadRange, parse_range, range_in_words
from tests.conftest import NOON


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "span"), [("24h", timedelta(hours=24)), ("7d", timedelta(days=7)), ("0h", timedelta())]
)
def test_a_span_reaches_back_from_now(text: str, span: timedelta) -> None:
    found = parse_range(text, NOON)
    assert (found.since, found.until) == (NOON - span, None)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-01..2026-11-08", utc(2026, 11, 1), utc(2026, 11, 9)),
        ("2026-11-01..", utc(2026, 11, 1), None),
        ("..2026-11-08", None, utc(2026, 11, 9)),
        ("2026-11-01T08:00..2026-11-01T09:30", utc(2026, 11, 1, 8), utc(2026, 11, 1, 9, 30)),
        ("2026-11-01T08:00:00+02:00..", utc(2026, 11, 1, 6), None),
    ],
)
def test_dates_are_whole_days_and_times_are_moments(text: str, since: datetime | None, until: datetime | None) -> None:
    found = parse_range(text)
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("30m", utc(2026, 11, 2, 11, 30), None),
        (">-7d", utc(2026, 10, 26, 12), None),
        (">=-2w", utc(2026, 10, 19, 12), None),
        ("<-24h", None, utc(2026, 11, 1, 12)),
        ("2026-11-01", utc(2026, 11, 1), utc(2026, 11, 2)),
        ("today", utc(2026, 11, 2), utc(2026, 11, 3)),
        ("yesterday", utc(2026, 11, 1), utc(2026, 11, 2)),
        (">=yesterday", utc(2026, 11, 1), None),
        (">2026-11-01", utc(2026, 11, 2), None),
        (">=2026-11-01", utc(2026, 11, 1), None),
        ("<2026-11-01", None, utc(2026, 11, 1)),
        ("<=2026-11-01", None, utc(2026, 11, 2)),
        (">=2026-11-01T08:00", utc(2026, 11, 1, 8), None),
        ("<2026-11-01T08:00", None, utc(2026, 11, 1, 8)),
        (">2026-11-01T08:00", utc(2026, 11, 1, 8) + timedelta(microseconds=1), None),
        ("<=2026-11-01T08:00", None, utc(2026, 11, 1, 8) + timedelta(microseconds=1)),
    ],
)
def test_comparisons_and_days(text: str, since: datetime | None, until: datetime | None) -> None:
    found = parse_range(text, NOON)
    assert (found.since, found.until) == (since, until)


def test_days_are_those_of_the_reader() -> None:
    with timezone.override(zoneinfo.ZoneInfo("America/New_York")):
        found = parse_range("2026-11-01..2026-11-01")
    assert found.since == utc(2026, 11, 1, 4)
    assert found.until == utc(2026, 11, 2, 5)  # the clocks went back that night


BAD = (
    "", "..", "7", "7y", "-7d", "99999d", "d", "7 d", "tomorrow", "2026-13-01", "2026-11-01T08:00", "2026-13-01..",
    ">7d", ">", ">=", "<..", ">-", "<-7y", ">2026-13-01", "=2026-11-01", ">>-7d", ">2026-11-01..", "2026-02-30..",
    "0001-01-01..", "9999-12-31..", "..9999-12-31", "..9999-12-31T23:59:59", "2026-11-01T25:00..", "a..b",
    "2026-11-01..2026-11-02..2026-11-03", "2026-11-01T00:00+99:99..", "\x00..", "..\x00",
)  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadRange, match=r"write 24h, 7d, .* or two dates"):
        parse_range(text)


@given(st.text(st.sampled_from("0123456789-.:T+Zdhwm<>= "), max_size=40) | st.text(max_size=20))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        found = parse_range(text, NOON)
    except BadRange:
        return
    assert found.since is None or found.since.tzinfo is not None
    assert found.until is None or found.until.tzinfo is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1d", "last day"),
        ("24h", "last 24 hours"),
        ("30m", "last 30 minutes"),
        (">-7d", "last 7 days"),
        ("<-1w", "more than 1 week ago"),
        ("<-2w", "more than 2 weeks ago"),
        ("today", "today"),
        ("2026-11-01", "2026-11-01"),
        (">2026-11-01", "after 2026-11-01"),
        (">=2026-11-01T08:00", "since 2026-11-01 08:00"),
        ("<2026-11-01", "before 2026-11-01"),
        ("<=2026-11-01", "until 2026-11-01"),
        ("2026-11-01..", "since 2026-11-01"),
        ("..2026-11-01T08:00", "until 2026-11-01 08:00"),
        ("2026-11-01..2026-11-08", "2026-11-01 to 2026-11-08"),
    ],
)
def test_a_range_in_words(text: str, words: str) -> None:
    assert range_in_words(text) == words
