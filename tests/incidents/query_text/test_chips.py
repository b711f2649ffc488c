"""Chips and text are two views of one filter: what a typed text becomes, and a list's filters as text."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.models import User
from incidents.filters import FIELDS, with_defaults
from incidents.query_text import parse
from incidents.query_text.chips import as_text, split
from tests.incidents.query_text.oracle import Facts, Queries
from tests.incidents.query_text.test_same_everywhere import TITLES, as_keys_say, values
from tests.incidents.rows import row, stored, tag


@pytest.mark.parametrize(
    ("text", "keys", "rest"),
    [
        ("", {}, ""),
        ("mimikatz", {}, "mimikatz"),
        ("severity:high tag:vip mimikatz", {"severity": ["high"], "tag": ["vip"]}, "mimikatz"),
        ("status:active,in_progress", {"status": ["active", "in_progress"]}, ""),
        ("-tag:vip -tag:phishing", {"tag_none": ["vip", "phishing"]}, ""),
        ("tag_none:a NOT tag:b", {"tag_none": ["a", "b"]}, ""),
        ("-severity:low,informational", {"severity": ["medium", "high"]}, ""),
        ("-status:any", {}, "-status:any"),
        ("-entity:10.0.0.8", {}, "-entity:10.0.0.8"),
        ("-alert_severity:low", {}, "-alert_severity:low"),
        ("tag:a tag:b", {"tag_all": ["a", "b"]}, ""),
        ("tag:a tag:b severity:low tag:c", {"tag_all": ["a", "b", "c"], "severity": ["low"]}, ""),
        ("tag_all:a,b tag:c", {"tag_all": ["a", "b", "c"]}, ""),
        ("tag:a,b tag:c", {"tag": ["a", "b"]}, "tag:c"),
        ("tag:a tag:b,c", {"tag": ["a"]}, "tag:b,c"),
        ("tag:a tag_all:b,c", {"tag": ["a"], "tag_all": ["b", "c"]}, ""),
        ("severity:high severity:low", {"severity": ["high"]}, "severity:low"),
        ("alerts:>5 priority:>=85", {"alerts": ["6.."], "priority": ["85.."]}, ""),
        ("updated:>-7d", {"updated": [">-7d"]}, ""),
        ("(tag:vip OR severity:high) ws-1", {}, "(tag:vip OR severity:high) ws-1"),
        ("(severity:high beacon)", {"severity": ["high"]}, "beacon"),
        ("status:active OR severity:high", {}, "status:active OR severity:high"),
        ('a tag:"red team" "x y"', {"tag": ["red team"]}, 'a "x y"'),
    ],
)
def test_what_keys_can_say_becomes_keys(text: str, keys: dict[str, list[str]], rest: str) -> None:
    found = split(text, FIELDS)
    assert (found.keys, found.text) == (keys, rest)


def test_filters_as_text_are_taken_apart_into_the_same_filters() -> None:
    """Not where a field is said by key and in the text, which asks for both."""
    queries = Queries(7, values([Facts(number) for number in range(1, 20)]), [*TITLES, "10.0.0.8", "C:\\a"])
    seen = 0
    for _ in range(400):
        keys, text = queries.next()
        keys = as_keys_say(keys)
        rest = split(text, FIELDS)
        if set(rest.keys) & set(keys) or ({"tag", "tag_none"} & {*rest.keys} and {"tag", "tag_none"} & {*keys}):
            continue
        words = keys | rest.keys
        whole = as_text(words | ({"q": [rest.text]} if rest.text else {}), FIELDS)
        again = split(whole, FIELDS)
        assert again.keys == words, whole
        assert parse(again.text) == parse(rest.text), whole
        seen += 1
    assert seen > 200


def asked_for(client: Client, query: str) -> dict[str, list[str]]:
    answer = client.get(f"{reverse('incidents:ask')}?{query}")
    assert answer.status_code == 302, answer
    target = urlsplit(answer["Location"])
    assert target.path == reverse("incidents:queue")
    return parse_qs(target.query)


@pytest.fixture
def client_of_ana(ana: User, sign_in: Callable[[User], Client]) -> Client:
    tag(stored([row()])[0], "vip", "phishing")
    return sign_in(ana)


def test_a_typed_text_becomes_filters(client_of_ana: Client) -> None:
    found = asked_for(client_of_ana, "q=severity:high+tag:VIP+mimikatz")
    assert found == {"severity": ["high"], "tag": ["VIP"], "q": ["mimikatz"]}


def test_a_typed_field_takes_the_place_of_the_one_that_is_set(client_of_ana: Client) -> None:
    found = asked_for(client_of_ana, "status=active&status=in_progress&tag=phishing&sort=created&q=status:resolved")
    assert found == {"status": ["resolved"], "tag": ["phishing"], "sort": ["created"]}


def test_a_default_does_not_contradict_what_the_text_says_within_or(client_of_ana: Client) -> None:
    defaults = "status=active&status=in_progress&severity=low&severity=medium&severity=high"
    found = asked_for(client_of_ana, f"{defaults}&q=status:resolved+OR+tag:vip")
    assert found == {"severity": ["low", "medium", "high"], "q": ["status:resolved OR tag:vip"]}


def test_a_key_that_the_text_mentions_has_no_default() -> None:
    query = with_defaults(QueryDict("q=tag:vip OR severity:informational"))
    assert "severity" not in query
    assert query.getlist("status") == ["active", "in_progress"]


def test_the_page_offers_its_filters_as_text(client_of_ana: Client) -> None:
    page = client_of_ana.get(reverse("incidents:queue"), {"tag_none": "phishing", "q": "a OR b"})
    text = page.context["box"]["as_text"]
    assert "status:active,in_progress" in text and "-tag:phishing" in text and text.endswith("(a OR b)")
    again = asked_for(client_of_ana, "q=" + text.replace(" ", "+"))
    assert again["tag_none"] == ["phishing"] and again["q"] == ["a OR b"]


def test_emptying_the_box_takes_the_text_away(client_of_ana: Client) -> None:
    assert asked_for(client_of_ana, "tag=vip&q=") == {"tag": ["vip"]}
