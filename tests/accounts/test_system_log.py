"""The system's log as administrators read it: by acts, filtered and searched in its address, live, and for programs."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.commands import change_role, create_team, create_token, record_sign_in, set_members
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.remote import asked_from

LOG = "/settings/log/"


@pytest.fixture
def log(ada: User, ana: User, lee: User) -> list[Entry]:
    """Some days of an installation."""
    with asked_from(lambda: "192.0.2.7"):
        record_sign_in(actor=ada.as_actor())
        change_role(ana, "lead", actor=ada.as_actor())
    team = create_team("night", actor=ada.as_actor(), name="Night watch", members=[lee])
    set_members(team, [lee, ana], actor=lee.as_actor())
    create_token("report", actor=ada.as_actor(), role="reader")
    return list(Entry.objects.of_system().order_by("sequence"))


def words(answer: Any) -> str:
    text = re.sub(r"<(script|style|svg).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


SHOWN = [
    ("", "Ada Lind changed the role of Ana Ruiz", "Nothing matches"),
    ("?actor=lee", "changed the members of Night watch", "signed in"),
    ("?kind=people", "created the team Night watch", "created the token"),
    ("?kind=token.created", "created the token report", "signed in"),
    ("?subject=user:{ana}", "changed the role of Ana Ruiz", "Night watch"),
    ("?q=192.0.2.7", "Ada Lind signed in", "created the token"),
    ("?q=members night", "changed the members of Night watch", "created the token"),
    ("?time=..2020-01-01", "Nothing matches these filters", "Ada Lind signed in"),
    ("?through=command_line", "Nothing matches these filters", "Ada Lind signed in"),
]


def test_it_reads_in_sentences_and_its_filters_stand_in_the_address(
    log: list[Entry], ada: User, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ada)
    for query, shown, hidden in SHOWN:
        answer = client.get(LOG + query.format(ana=ana.pk))
        assert answer.status_code == 200, query
        text = words(answer)
        assert (shown in text, hidden in text) == (True, False), (query, text)
    assert "from 192.0.2.7" in words(client.get(LOG))
    assert "Last verified" in words(client.get(LOG))
    answer = client.get(f"{LOG}?actr=lee&subject=user:99999")
    assert (answer.status_code, "There is no filter “actr”" in words(answer)) == (400, True)
    for key, text in (("actor", "ad"), ("subject", "night")):
        assert client.get(f"{LOG}suggest/{key}/", {"q": text}).content.count(b'role="option"') == 1
    assert client.get(f"{LOG}filter/", {"key": "kind"}).status_code == 200


def test_new_entries_are_counted_as_the_list_would_show_them(
    log: list[Entry], ada: User, sign_in: Callable[[User], Client]
) -> None:
    client, last = sign_in(ada), log[-1].sequence
    create_token("second", actor=SYSTEM, role="reader")
    asked = {"since": last, "in": "kind=tokens"}
    assert "1 new entry, show" in words(client.get(f"{LOG}news/", asked))
    assert "new" not in words(client.get(f"{LOG}news/", asked | {"in": "kind=people"}))
    assert client.get(f"{LOG}news/", {"since": "x"}).status_code == 400


def test_programs_page_through_all_of_it(log: list[Entry], ada: User, vic: User) -> None:
    _, key = create_token("archive", actor=SYSTEM, role="admin")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    path, found = "/api/v1/system/activity/?sort=oldest&limit=4", []
    while path:
        answer = client.get(path).json()
        found += answer["entries"]
        path = answer["next"]
    assert [entry["id"] for entry in found] == list(
        Entry.objects.of_system().order_by("sequence").values_list("pk", flat=True)
    )
    assert found[-1]["verb"] == "token.used"
    assert client.get("/api/v1/system/activity/?kind=emails").status_code == 400


def test_a_long_log_pages_by_key_in_few_statements(
    log: list[Entry], ada: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: Any
) -> None:
    for _ in range(120):
        record_sign_in(actor=SYSTEM)
    client = sign_in(ada)
    with django_assert_max_num_queries(14):
        first = client.get(LOG)
    following = re.search(r'href="([^"]*after=\d+)"', first.content.decode())
    assert following
    second = client.get(html.unescape(following[1]))
    assert not set(re.findall(rb'id="entry-\d+"', first.content)) & set(re.findall(rb'id="entry-\d+"', second.content))
