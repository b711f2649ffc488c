"""The corpus is large, without doubles, and spread evenly."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.hostile import corpus
from tests.hostile.corpus import GROUPS, KEPT, MIXED, TEXTS, Promise
from tests.hostile.formulas import starts_formula
from tests.ingest.hostile import KEPT_TEXTS


def test_it_has_at_least_150_values_in_groups_and_none_twice() -> None:
    assert len(TEXTS) >= 150
    assert len({each.text for each in TEXTS}) == len({each.name for each in TEXTS}) == len(TEXTS)
    assert {promise for each in TEXTS for promise in each.promises} == set(Promise)
    assert all(len(group.texts) >= 10 for name, group in GROUPS.items() if name not in ("plain", "no text"))
    assert set(KEPT_TEXTS) < set(KEPT)


def test_each_value_has_its_turn_and_neighbours_are_of_other_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "TURNS", "")
    assert {each for place in range(len(KEPT)) for each in corpus.turn(place, 3)} == set(KEPT)
    assert sorted(MIXED) == sorted(KEPT)
    alike = sum(one.group == next_one.group for one, next_one in pairwise(MIXED))
    assert alike < len(MIXED) / 10


@pytest.mark.parametrize(
    "text", [text for name, text in corpus.FORMULAS.items() if " after " not in name and "{" not in text]
)
def test_the_detector_finds_what_starts_a_formula(text: str) -> None:
    assert starts_formula(text)


@pytest.mark.parametrize("text", ["", "a=1", "'=1+1", "-5", "+1.5", "2026-11-02T12:00:00Z", "x\n=1+1", "fin-ws-17"])
def test_the_detector_lets_texts_and_numbers_be(text: str) -> None:
    assert not starts_formula(text)
