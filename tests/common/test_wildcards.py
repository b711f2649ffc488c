"""Patterns with stars fit what they describe, in time that no pattern can draw out."""

from __future__ import annotations

import re
import time
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Refused
from common.wildcards import Wildcards, checked_patterns

texts = st.text("ab*", max_size=8)


@given(pattern=texts, text=st.text("ab", max_size=8))
def test_a_star_stands_for_any_run_of_characters(pattern: str, text: str) -> None:
    expected = re.fullmatch(translate(pattern), text) is not None
    assert Wildcards.of([pattern]).fit(text) == expected


@pytest.mark.parametrize(
    ("patterns", "text", "fits"),
    [
        (["LAB-*"], "lab-01.contoso.example", True),
        (["lab-*", "*.hq.example"], "ws-1.HQ.example", True),
        (["straße"], "STRASSE", True),
        (["a.c"], "abc", False),
        (["[a-z]*", "a?c", "(a+)+$"], "abc", False),
        ([], "", False),
    ],
)
def test_nothing_but_stars_is_special_and_case_is_none(patterns: list[str], text: str, fits: bool) -> None:
    assert Wildcards.of(patterns).fit(text) == fits


BAD = [part * stars for part in ("a*", "*a", "aa*b", "*a*b", "a*a*") for stars in range(1, 11)]


def test_no_pattern_takes_long_on_a_long_text() -> None:
    text = "a" * 100_000
    assert len(BAD) == 50
    for pattern in BAD:
        wildcards = Wildcards.of([pattern[:300]])
        started = time.process_time()
        wildcards.fit(text)
        assert time.process_time() - started < 0.1, pattern


@pytest.mark.parametrize(
    "lines", [["*"], ["x" * 301], ["a*" * 11], ["a\x00b"], [f"line {number}" for number in range(201)]], ids=repr
)
def test_what_is_too_much_is_refused_with_its_field(lines: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        checked_patterns(lines, "title")
    assert refused.value.field == "title"
    assert refused.value.problem.endswith(".")


def test_patterns_are_kept_once_and_without_blanks_around() -> None:
    assert checked_patterns([" lab-* ", "", "lab-*", "a  b"], "title") == ("lab-*", "a b")
