"""Rows some at a time."""

from __future__ import annotations

from array import array
from itertools import count

import pytest

from common.portions import portions


@pytest.mark.parametrize(
    ("items", "cut"),
    [([], []), ([1], [[1]]), ([1, 2, 3, 4], [[1, 2], [3, 4]]), ([1, 2, 3], [[1, 2], [3]])],
)
def test_each_item_is_in_one_portion_in_its_order(items: list[int], cut: list[list[int]]) -> None:
    for each in (items, array("q", items), iter(items)):
        assert list(portions(each, 2)) == cut


def test_no_more_is_taken_than_is_needed() -> None:
    numbers = count()
    assert next(portions(numbers, 3)) == [0, 1, 2]
    assert next(numbers) == 3
