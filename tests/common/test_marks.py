"""Marks: ready-made HTML for list rows, escaped, made once, never mixed up."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.safestring import mark_safe

from alerts.choices import AlertStatus, Severity
from common import marks
from entities.choices import EntityKind

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize("severity", list(Severity))
def test_severity_is_told_by_bars_and_word(severity: Severity) -> None:
    mark = marks.severity_mark(severity)
    assert "<svg" in mark and severity.label in mark and f"severity-{severity.slug}" in mark


def test_compact_severity_keeps_its_word_for_assistive_technology() -> None:
    mark = marks.severity_mark(Severity.HIGH, compact=True)
    assert 'title="Severity: High"' in mark and ">High</span>" in mark


def test_equal_numbers_of_two_lists_are_not_mixed_up() -> None:
    assert Severity.LOW == AlertStatus.IN_PROGRESS  # type: ignore[comparison-overlap]  # both are stored as 2
    assert "Low" in marks.severity_mark(Severity.LOW)
    assert "In progress" in marks.status_mark(AlertStatus.IN_PROGRESS)
    assert "Low" in marks.status_mark(Severity.LOW)


@pytest.mark.parametrize(
    ("score", "band"), [(100, "top"), (86, "top"), (85, "middle"), (15, "middle"), (14, "base"), (0, "base")]
)
def test_score_falls_into_its_band(score: int, band: str) -> None:
    mark = marks.score_mark(score)
    assert f"score-{band}" in mark and f">{score}<" in mark


def test_a_missing_score_is_a_dash() -> None:
    assert ">–<" in marks.score_mark(None)


@pytest.mark.parametrize("kind", sorted(marks.TAG_KINDS))
def test_tags_escape_their_name(kind: str) -> None:
    assert "<script" not in marks.tag_mark(HOSTILE, kind)


@pytest.mark.parametrize("kind", sorted(marks.PERSON_KINDS))
def test_people_escape_their_name_and_initials(kind: str) -> None:
    assert "<script" not in marks.person_mark(HOSTILE, HOSTILE, kind)
    assert "<script" not in marks.person_mark(HOSTILE, HOSTILE, kind, compact=True)


def test_a_name_marked_safe_is_escaped_all_the_same() -> None:
    """Kept marks are shared, so what one caller trusts must not reach another."""
    assert "<b>" not in marks.tag_mark(mark_safe("<b>bold</b>"))
    assert "<b>" not in marks.tag_mark("<b>bold</b>")
    assert "<b>" not in marks.person_mark("B", mark_safe("<b>bold</b>"))


def test_unknown_kinds_fail_loudly() -> None:
    with pytest.raises(ValueError, match="purple"):
        marks.tag_mark("x", "purple")
    with pytest.raises(ValueError, match="robot"):
        marks.person_mark("R", "Rob", "robot")


def test_marks_are_made_once() -> None:
    assert marks.tag_mark("vip") is marks.tag_mark("vip")
    assert marks.severity_mark(Severity.HIGH) is marks.severity_mark(Severity.HIGH)


def test_asset_counts_leave_out_zero_and_say_what_they_count() -> None:
    mark = marks.asset_counts({"device": 6, "user": 0, "cloud_resource": 2})
    assert "Device: </span>6" in mark and "Cloud resource: </span>2" in mark and "User" not in mark


def test_entity_icon_takes_a_kind_or_its_word() -> None:
    assert marks.entity_icon(EntityKind.DEVICE) == marks.entity_icon("device")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=30), "now"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=25), "1 d"),
        (timedelta(days=7), "3 Mar"),
        (timedelta(days=400), "3 Feb 2025"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_relative_time(ago: timedelta, words: str) -> None:
    assert marks.relative_time(NOW - ago, NOW) == words


def test_time_mark_carries_the_exact_moment() -> None:
    mark = marks.time_mark(NOW - timedelta(minutes=2), NOW)
    assert 'datetime="2026-03-10T11:58:00Z"' in mark and "data-relative" in mark and ">2 min</time>" in mark
    assert "10 Mar 2026, " in mark
