"""Every value of the corpus in every field of every route that may write: nothing breaks, nothing is half stored, what
is stored is what was sent, and nobody is called.

Fields are those that a route is seen to read, so a new one takes part by itself. `HOSTILE=all` sends every value to
every field; otherwise each field is sent a few, and each value goes somewhere.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import User
from activity.actors import SYSTEM
from incidents.commands import restrict
from incidents.models import Incident
from tests.hostile import corpus
from tests.hostile.corpus import EVALUATED, HostileText, Promise
from tests.hostile.watching import logged, nobody_called, only_bound, our_forms, reading, unprintable
from tests.incidents.test_access import TABLE
from tests.test_completeness import (
    DRAFTS,
    JSON_SAID,
    NO_STATE,
    Said,
    Written,
    everybody,
    make_ready,
    watched,
    what_is_said,
)

__all__ = ["everybody"]

VALUES_A_FIELD = 1
WRITING = ("POST", "PUT", "PATCH", "DELETE")
SHOWS_NO_TEXT = {
    "account_login": "tests/accounts/test_sign_in.py",
    "account_logout": "takes nothing",
}
"""Routes that are left out, and what tries them."""
RECORDS_REFUSALS = {"break_glass": {"break_glass.in_vain"}}
"""Routes that record what they refuse, by these verbs."""
WITHOUT_BODY = {"csrfmiddlewaretoken", "_method"}
OTHER_STATES: dict[str, Callable[[Incident], object]] = {
    "incidents:restriction": lambda incident: restrict(incident, [User.objects.get(username="olga")], actor=SYSTEM),
}
"""Routes that read other fields once the incident is otherwise, and what makes it so. They come last."""
MARK_OF_TEXT = "zq7"
"""Ends each value that is sent, so that it is found again wherever it went, unless that would make another of it."""
WHOLE = {"numbers", "times", "keys", "plain"}
"""Groups whose values are themselves only as a whole."""


def misfits_of(written: Written, name: str, status: int) -> Iterator[str]:
    """What must not be so, whatever was sent."""
    if status >= 500:
        yield f"answers {status}"
    if name in DRAFTS and not written.verbs:
        written.tables -= {"incidents_bulkact"}
    if written.misfit:
        yield written.misfit
    state = written.tables - NO_STATE.keys()
    if status >= 400 and (state or written.verbs) and set(written.verbs) != RECORDS_REFUSALS.get(name):
        yield f"answers {status}, but {sorted(state)} were written and {written.verbs} recorded"


def spelling(text: str) -> str:
    """A text without what a field may tidy: white space, case, and one of two spellings of a letter or an address."""
    return "".join(unicodedata.normalize("NFKC", unquote(text)).casefold().split())


def is_of(sent: str, kept: str) -> bool:
    """Whether a stored text is what was sent, holds it, or is a piece of it (a line of a list, the end of a path); or
    is made of letters and digits alone, as slugs are."""
    one, other = spelling(sent), spelling(kept)
    return one in other or other in one or bool(re.fullmatch(r"[a-z0-9-]+", kept))


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def newest() -> int:
    """The number of the transaction from which on rows are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (number,) = cursor.fetchone()
    return int(number)


def stored_since(number: int, tables: set[str]) -> Iterator[tuple[str, str]]:
    """Every text in the rows of these tables that were written since."""
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE t.xmin::text::bigint >= %s", [number])
            for (row,) in cursor.fetchall():
                yield from ((table, text) for text in texts_in(json.loads(row)))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in a JSON value something may stand."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path


def with_leaf(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    """A copy of a JSON value with another leaf."""
    if not path:
        return leaf
    step, *rest = path
    if isinstance(value, Mapping):
        return {**value, step: with_leaf(value[step], tuple(rest), leaf)}
    return [with_leaf(inner, tuple(rest), leaf) if place == step else inner for place, inner in enumerate(value)]


def with_field(said: Said, place: Any, text: str) -> Any:
    """What is said with another value in one of its fields."""
    where, name = place
    if where == "json":
        return with_leaf(said.values, name, text)
    if where == "files":
        return {**said.values, name: SimpleUploadedFile(text or "x", b"hostile\n", content_type="text/plain")}
    return {**said.values, name: text}


def fields_of(said: Said, read: Mapping[str, set[str]]) -> list[tuple[str, Any]]:
    """Where something can be said to a route."""
    if said.is_json:
        return [("json", path) for path in leaves(said.values)]
    named = {("body", name) for name in (read["body"] | set(said.values)) - WITHOUT_BODY}
    return sorted(named | {("files", name) for name in read["files"]})


def test_every_text_in_every_field(
    incident: Incident, everybody: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_ready(incident, everybody)
    client, turns, problems = sign_in(everybody), count(), dict[str, str]()
    kept: set[tuple[str, Any]] = set()
    with (
        reading(monkeypatch) as read,
        only_bound(lambda: MARK_OF_TEXT, monkeypatch) as unbound,
        nobody_called() as called,
        logged() as lines,
    ):
        for name, method, said in requests(client, incident, other):
            read.start()
            with watched():
                fields = fields_of(said, read.of(said.send(client), method))
            for place in fields:
                for hostile in corpus.turn(next(turns), VALUES_A_FIELD):
                    sent = hostile.text if hostile.group in WHOLE else hostile.text + MARK_OF_TEXT
                    found, is_kept = tried_with(client, said, place, name, hostile, sent)
                    if is_kept:
                        kept.add((name, place))
                    found += [f"unbound: {sql}" for sql in unbound]
                    found += [f"called {whom}" for whom in (*called.hosts, *called.files)]
                    found += [f"logged {line!r}" for line in lines if unprintable(line)]
                    for heard in (unbound, called.hosts, called.files, lines):
                        heard.clear()
                    if found:
                        problems.setdefault(f"{method} {name} {place}", f"{hostile.name}: {'; '.join(found)}")
        reached = set(read.forms)
    assert problems == {}
    assert next(turns) > 300
    assert len(kept) >= 35, sorted(map(str, kept))
    unreached = {form for form in our_forms() - reached if not any(issubclass(each, form) for each in reached)}
    assert unreached == set()


def requests(client: Client, incident: Incident, other: Incident) -> Iterator[tuple[str, str, Said]]:
    """Each route and method that may write, with what makes it do so."""
    for name, methods in TABLE.items():
        for method in [each for each in methods if each in WRITING and name not in SHOWS_NO_TEXT]:
            yield name, method, what_is_said(client, name, method, incident, other)
    for name, change in OTHER_STATES.items():
        change(incident)
        yield name, "POST", what_is_said(client, name, "POST", incident, other)


def tried_with(
    client: Client, said: Said, place: tuple[str, Any], name: str, hostile: HostileText, sent: str
) -> tuple[list[str], bool]:
    """What is wrong with how a route takes a value, and whether it keeps it."""
    start = newest()
    with watched() as written:
        answer = said.send(client, with_field(said, place, sent))
        kept = [
            (table, text)
            for table, text in stored_since(start, written.changed_so_far() - NO_STATE.keys() | {"activity_entry"})
            if MARK_OF_TEXT in text
        ]
    found = list(misfits_of(written, name, answer.status_code))
    found += [f"{table} has {text!r}" for table, text in kept if not is_of(sent, text)]
    found += unescaped(answer, hostile, sent)
    return found, bool(kept)


def unescaped(answer: Any, hostile: HostileText, sent: str) -> list[str]:
    """What an answer says that it should have escaped, or that somebody has reckoned."""
    if answer.streaming or not answer.content:
        return []
    found = []
    text = answer.content.decode()
    if answer.headers.get("Content-Type", "").startswith("text/html") and "<" in sent and sent in text:
        found.append("the page holds it unescaped")
    if Promise.UNEVALUATED in hostile.promises and EVALUATED in text:
        found.append("it was evaluated")
    return found


def test_every_json_route_says_something() -> None:
    """A route of the API that takes a body has an example in tests/test_completeness.py: what it says is tried."""
    of_api = {name: methods for name, methods in TABLE.items() if name.startswith("api:")}
    takes = {name for name, methods in of_api.items() if {"POST", "PUT", "PATCH"} & set(methods)}
    assert takes - JSON_SAID.keys() == WITHOUT_JSON.keys()


WITHOUT_JSON = {
    "api:import": "a file",
    "api:attachments": "a file",
    "api:incident_exports": "everything may be left out",
    "api:unmerge": "everything may be left out",
}
"""Routes of the API whose body is no JSON, or none."""
