"""Completion while typing: fields, then values of the field, and nothing that one may not know of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from entities import identity
from incidents.commands import change_tags, restrict
from incidents.filters import FIELDS
from incidents.models import Incident
from incidents.query_text import parse
from incidents.query_text.completing import complete
from tests.conftest import alert, device, opened
from tests.incidents.query_text.test_printing import GARBAGE


@pytest.fixture
def queue(ana: User, lee: User, tier2: Team) -> Incident:
    incident = opened(
        alert(
            "1", entities=(device("fin-ws-17"), identity.ip("10.0.0.8")), categories=("impact",), service_source="Mail"
        )
    )
    change_tags(incident, add=["phishing", "red team"], actor=lee.as_actor())
    return incident


def offered(text: str, user: User, at: int | None = None) -> list[str]:
    return [option.insert for option in complete(text, len(text) if at is None else at, FIELDS, user).options]


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("sev", ["severity:", "alert_severity:"]),
        ("x -sev", ["severity:", "alert_severity:"]),
        ("(x OR sev", ["severity:", "alert_severity:"]),
        ("SEV", ["severity:", "alert_severity:"]),
        ("severity:", ["high", "medium", "low", "informational", "any"]),
        ("severity:h", ["high"]),
        ("severity:high,", ["medium", "low", "informational", "any"]),
        ("severity:high, m", ["medium"]),
        ("status:in", ["in_progress"]),
        ("commented:", ["yes", "no"]),
        ("tag:ph", ["phishing"]),
        ("tag:red", ['"red team"']),
        ('tag:"red t', ['"red team"']),
        ("assignee:m", ["me"]),
        ("assignee:an", ["ana"]),
        ("assignee:tier", ["team:tier2"]),
        ("assignee:team:ti", ["team:tier2"]),
        ("entity:ws-1", ["device:fin-ws-17"]),
        ("entity:10.0.0", ["ip:10.0.0.8"]),
        ("category:imp", ["impact"]),
        ("source:mai", ["Mail"]),
        ("updated:yest", ["yesterday"]),
        ("priority:hi", ["high"]),
        ("nothing-like-it", []),
        ("nofield:x", []),
        ("sev ) x", []),
    ],
)
def test_what_is_offered(queue: Incident, ana: User, text: str, offers: list[str]) -> None:
    assert offered(text, ana) == offers


def test_dates_are_offered_in_words(queue: Incident, ana: User) -> None:
    found = complete("updated:>-7", 11, FIELDS, ana)
    assert [(option.insert, option.hint) for option in found.options] == [(">-7d", "last 7 days")]


def test_nothing_typed_offers_every_field_when_called_for(queue: Incident, ana: User) -> None:
    found = complete("x ", 2, FIELDS, ana)
    assert found.quiet and found.goes_on
    assert {option.insert for option in found.options} == {f"{key}:" for key in FIELDS if key != "q"}


@pytest.mark.parametrize(
    ("text", "at", "start", "end"),
    [
        ("x sev y", 5, 2, 5),
        ("x sev:high", 4, 2, 6),
        ("severity:hi,low", 11, 9, 11),
        ("severity:hxyz y", 10, 9, 13),
        ('tag:"red" x', 7, 4, 9),
        ("𝔘 sev", 5, 2, 5),
    ],
)
def test_what_is_replaced(queue: Incident, ana: User, text: str, at: int, start: int, end: int) -> None:
    found = complete(text, at, FIELDS, ana)
    assert (found.replaced.start, found.replaced.end) == (start, end)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(GARBAGE, st.integers(0, 60))
def test_garbage_is_completed_or_not(queue: Incident, ana: User, text: str, at: int) -> None:
    at = min(at, len(text))
    found = complete(text, at, FIELDS, ana)
    assert 0 <= found.replaced.start <= at <= found.replaced.end <= len(text)


@pytest.mark.parametrize("key", [key for key in FIELDS if key != "q"])
def test_what_is_offered_is_understood(queue: Incident, ana: User, key: str) -> None:
    found = complete(f"{key}:", len(key) + 1, FIELDS, ana)
    for option in found.options:
        if option.insert not in (">", "<"):
            tree = parse(f"{key}:{option.insert}")
            assert tree is not None


def test_what_one_may_not_see_is_not_offered(queue: Incident, ana: User, lee: User) -> None:
    secret = opened(alert("2", entities=(device("merger-01"),), service_source="Secret source", categories=("merger",)))
    change_tags(secret, add=["merger-x"], actor=lee.as_actor())
    restrict(secret, [lee], actor=lee.as_actor())
    for text in ("tag:merg", "entity:merger", "source:secret", "category:merg"):
        assert offered(text, ana) == [], text
    assert offered("tag:merg", lee) == ["merger-x"]
    assert offered("entity:merger", lee) == ["device:merger-01"]


def test_the_answer_is_a_fragment(queue: Incident, ana: User, otto: User, sign_in: Callable[[User], Client]) -> None:
    address = reverse("incidents:complete")
    answer = sign_in(ana).get(address, {"q": "severity:h", "at": "10"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert 'data-insert="high"' in html and 'data-start="9"' in html and 'role="option"' in html
    assert sign_in(otto).get(address, {"q": "severity:h"}).status_code == 403
    for at in ("", "x", "-1", "99999999999", "٣"):
        assert sign_in(ana).get(address, {"q": '"><script>', "at": at}).status_code == 200


def test_hostile_names_are_text(queue: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]) -> None:
    change_tags(queue, add=['"><script>alert(1)</script>'], actor=lee.as_actor())
    html = sign_in(ana).get(reverse("incidents:complete"), {"q": 'tag:"\\""', "at": "99"}).content.decode()
    html += sign_in(ana).get(reverse("incidents:complete"), {"q": "tag:"}).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;" in html
