"""Indicators as people may read and paste them without harm."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.defang import defang


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("192.0.2.44", "ip", "192.0.2[.]44"),
        ("2001:db8::1", "ip", "2001:db8:[:]1"),
        ("evil.example", "domain", "evil[.]example"),
        ("a.b.evil.example", "domain", "a.b.evil[.]example"),
        ("localhost", "domain", "localhost"),
        ("http://evil.example/a.b", "url", "hxxp://evil[.]example/a.b"),
        ("HTTPS://a.evil.example", "url", "hxxpS://a[.]evil[.]example"),
        ("ftp://evil.example/x", "url", "ftp://evil[.]example/x"),
        ("evil.example/x", "url", "evil[.]example/x"),
        ("run.exe", "file", "run.exe"),
        ("fin-ws-17.corp.example", "device", "fin-ws-17.corp.example"),
    ],
)
def test_only_addresses_of_attackers_are_disarmed(text: str, kind: str, shown: str) -> None:
    assert defang(text, kind) == shown


@given(st.text("abhtps:/.", max_size=30))
def test_no_disarmed_address_starts_like_a_link(text: str) -> None:
    assert not re.match(r"https?://", defang(text, "url"), re.IGNORECASE)


@given(st.text("abhtps:/.é", max_size=30), st.sampled_from(["ip", "domain", "url"]))
def test_it_can_be_undone_by_hand(text: str, kind: str) -> None:
    undone = defang(text, kind).replace("[.]", ".").replace("[:]", ":").replace("hxxp", "http")
    assert undone.lower() == text.lower()
