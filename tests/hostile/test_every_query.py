"""SQL in every parameter of every address: a parameter is a value of a statement, and finds what it names or nothing.

Parameters are those that a route is seen to read, the filters of its lists among them. `HOSTILE=all` sends every value
to each on every route; otherwise each is sent one on a few routes, and every list the lookalikes of Django's language.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import Role, User
from activity.actors import SYSTEM
from common.address_filter import AddressFilter
from incidents.commands import add_comment, change_tags, restrict
from incidents.models import Incident
from tests.access.addresses import address, data
from tests.access.matrix import TABLE
from tests.conftest import alert, device, opened
from tests.hostile import corpus
from tests.hostile.watching import only_bound, reading
from tests.test_completeness import everybody, make_ready

__all__ = ["everybody"]

MARK = "zq7"
SECRET = "Heron"
"""Stands in everything of an incident that the person may not see."""
NOT_ASKED = {"account_login", "account_logout", "readyz", "healthz"}
LOOKUPS = ("_connector", "_negated", "pk__in", "assignee__password__startswith", "{key}__in", "{key}__gt", "{key}[]")
"""What Django's querysets would take as keywords, as keys of an address."""
ROUTES_A_KEY = 2
"""On how many routes a key is tried that many have, as the filters of one list."""
KEYS_OF_A_LIST = 10
SLOWEST = 5.0
"""Seconds; the statements that sleep would take ten."""


def filters() -> set[str]:
    """The keys of every list's filters."""
    return {key for each in AddressFilter.__subclasses__() for key in each.FIELDS}


@pytest.fixture
def secret(everybody: User, lee: User) -> Incident:
    """Restricted to somebody else; its name, tag, comment and device say so."""
    hidden = opened(alert("heron", title=f"{SECRET} exfiltration", entities=(device(f"{SECRET}-01"),)))
    add_comment(hidden, f"{SECRET} comment", actor=SYSTEM)
    hidden.refresh_from_db()
    hidden = change_tags(hidden, add=[SECRET], actor=SYSTEM)
    rest = Role.objects.get(slug="everything")
    rest.permissions = [each for each in rest.permissions if each not in ("see_restricted", "break_glass")]
    rest.save()
    return restrict(hidden, [lee], actor=lee.as_actor())


def queries(keys: set[str], turns: Iterator[int], times: Counter[str]) -> Iterator[list[tuple[str, str]]]:
    """Addresses in which one key at a time says something hostile."""
    sql = [each.text for each in corpus.KEPT if corpus.Promise.BOUND in each.promises]
    number = len(sql) if corpus.TURNS == "all" else int(corpus.TURNS or 1)
    for key in sorted(key for key in keys if corpus.TURNS or times[key] < ROUTES_A_KEY):
        times[key] += 1
        for _ in range(number):
            yield [(key, sql[next(turns) % len(sql)] + MARK)]
    if len(keys) >= KEYS_OF_A_LIST:
        key = min(keys)
        yield [(name.format(key=key), f"1{MARK}") for name in LOOKUPS]
        yield [(key, f"{place}{MARK}") for place in range(150)]


def test_no_parameter_of_an_address_becomes_part_of_a_statement(
    incident: Incident,
    everybody: User,
    secret: Incident,
    sign_in: Callable[[User], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_ready(incident, everybody)
    client, turns, problems, asked = sign_in(everybody), count(), dict[str, str](), 0
    times: Counter[str] = Counter()
    with reading(monkeypatch) as read, only_bound(lambda: MARK, monkeypatch) as unbound:
        for name in [name for name, methods in TABLE.items() if "GET" in methods and name not in NOT_ASKED]:
            path, usual = address(name, incident), data(name, incident)
            read.start()
            keys = read.of(read_whole(client.get(path, usual)), "GET")["address"] - {"next"}
            for query in queries(keys, turns, times):
                asked += 1
                started = time.monotonic()
                sent = [*((key, value) for key, value in usual.items() if key not in dict(query)), *query]
                answer = read_whole(client.get(f"{path}?{urlencode(sent)}"))
                found = [f"unbound: {sql[:200]}" for sql in unbound]
                unbound.clear()
                if answer.status_code >= 500:
                    found.append(f"answers {answer.status_code}")
                if SECRET.encode() in answer.whole:
                    found.append("tells of what is hidden")
                if time.monotonic() - started > SLOWEST:
                    found.append("takes its time")
                if found:
                    problems.setdefault(f"{name} {query[0][0]}", f"{query[0][1]}: {'; '.join(found)}")
    assert not problems, "\n".join(f"{place}: {what}" for place, what in problems.items())
    assert asked > 150
    assert len(filters()) > 40
    assert filters() - times.keys() == set()


def read_whole(answer: Any) -> Any:
    answer.whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer


def test_the_secret_would_be_seen(
    incident: Incident, lee: User, secret: Incident, sign_in: Callable[[User], Client]
) -> None:
    """That nobody is told means something only where it could be."""
    answer = sign_in(lee).get("/incidents/?status=any&severity=any")
    assert SECRET.encode() in answer.content
