"""List state in the address: plain words, nothing ignored."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from common.query_strings import UnknownKeys, address, check_keys, nearest, with_values

KNOWN = ("status", "severity", "assignee", "tag", "sort")


def test_known_keys_pass() -> None:
    check_keys(QueryDict("status=active&tag=a&tag=b"), KNOWN)
    check_keys(QueryDict(""), KNOWN)


@pytest.mark.parametrize(("key", "hint"), [("stauts", "status"), ("severities", "severity"), ("tags", "tag")])
def test_an_unknown_key_is_refused_with_the_nearest(key: str, hint: str) -> None:
    with pytest.raises(UnknownKeys) as refused:
        check_keys(QueryDict(f"{key}=x&status=active"), KNOWN)
    assert refused.value.suggestions == {key: f" — did you mean “{hint}”?"}


def test_without_a_near_one_all_are_named() -> None:
    assert nearest("zzz", KNOWN) == " — known are status, severity, assignee, tag, sort."
    assert nearest("zzz", [f"word {number}" for number in range(30)]) == ""
    assert nearest("zzz", []) == ""


def test_addresses_stay_readable() -> None:
    link = address("/incidents/", {"assignee": ["ana", "team:tier2"], "tag": ["a b&c=d"], "q": []})
    assert link == "/incidents/?assignee=ana&assignee=team:tier2&tag=a%20b%26c%3Dd"
    assert address("/incidents/", {}) == "/incidents/"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)


@given(st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), max_size=4))
def test_an_address_reads_back_as_it_was(query: dict[str, list[str]]) -> None:
    link = address("/x/", query)
    assert dict(QueryDict(link.partition("?")[2]).lists()) == query


def test_setting_a_key_starts_paging_over() -> None:
    query = QueryDict("status=active&after=abc&before=def&open=5&tag=a&tag=b")
    assert with_values(query, tag=None, sort=["number"]) == {"status": ["active"], "sort": ["number"]}
    assert with_values(query) == {"status": ["active"], "tag": ["a", "b"]}
