"""How many incidents: exact up to a cap, then about."""

from __future__ import annotations

import pytest

from common import counting
from common.counting import Count, count, count_each
from incidents.models import Incident
from tests.incidents.rows import row, stored


@pytest.fixture(autouse=True)
def _low_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "CAP", 10)
    counting.forget()


@pytest.mark.parametrize("number", [0, 9, 10])
def test_up_to_the_cap_it_is_exact(db: None, number: int) -> None:
    stored(row(each) for each in range(number))
    assert count(Incident.objects.all()) == Count(number)


def test_above_the_cap_it_is_an_estimate_that_is_no_less(db: None) -> None:
    stored(row(each) for each in range(11))
    found = count(Incident.objects.all())
    assert found.exact is None
    assert found.estimate is not None
    assert found.estimate >= 11


def test_a_list_that_falls_below_the_cap_is_counted_again(db: None) -> None:
    stored(row(each) for each in range(11))
    assert count(Incident.objects.all()).exact is None
    Incident.objects.filter(name="Incident 3").delete()
    counting.forget()
    assert count(Incident.objects.all()).exact == 10


def test_several_counts_are_one_statement(db: None, django_assert_num_queries: object) -> None:
    stored([row(1, status=2), row(2), *(row(each, severity=4) for each in range(12))])
    wanted = {
        "high": Incident.objects.filter(severity=4),
        "started": Incident.objects.filter(status=2),
        "none": Incident.objects.filter(severity=1),
    }
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = count_each(wanted)
    assert found == {"high": Count(None), "started": Count(1), "none": Count(0)}
    assert count_each({}) == {}


def test_nothing_that_can_match_is_zero(db: None) -> None:
    assert count(Incident.objects.none()) == Count(0)
    assert count_each({"none": Incident.objects.none()}) == {"none": Count(0)}


@pytest.mark.parametrize(
    ("found", "text", "words"),
    [
        (Count(1), "1", "1"),
        (Count(999), "999", "999"),
        (Count(None, 84_123), "10+", "10+ (about 84,000)"),
        (Count(None, 1_001), "10+", "10+ (about 1,000)"),
        (Count(None), "10+", "10+"),
    ],
)
def test_counts_in_words(found: Count, text: str, words: str) -> None:
    assert (str(found), found.in_words) == (text, words)
