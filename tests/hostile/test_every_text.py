"""Every value of the corpus in every field of every route that may write: nothing breaks, nothing is half stored, what
is stored is what was sent, and nobody is called.

Fields are those that a route is seen to read, so a new one takes part by itself. `HOSTILE=all` sends every value to
every field; otherwise each field is sent a few, and each value goes somewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.test import Client

from accounts.forms.people import AcceptForm
from accounts.models import User
from common.design_page import SampleForm
from incidents.models import Incident
from tests.access.matrix import TABLE
from tests.hostile import corpus
from tests.hostile.corpus import EVALUATED, HostileText, Promise
from tests.hostile.fields import fields_of, newest, requests, stored_since, with_field
from tests.hostile.watching import logged, nobody_called, only_bound, our_forms, reading, unprintable
from tests.test_completeness import (
    DRAFTS,
    JSON_SAID,
    NO_STATE,
    Said,
    Written,
    everybody,
    make_ready,
    watched,
)

__all__ = ["everybody"]

VALUES_A_FIELD = 1
RECORDS_REFUSALS = {"break_glass": {"break_glass.in_vain"}}
"""Routes that record what they refuse, by these verbs."""
SHOWN_ONLY = {SampleForm, AcceptForm}
"""Forms that nobody sends who is signed in: the design page shows its own, an invitation is somebody else's."""
AT_THE_DOOR = ("accounts.second_factor_forms", "accounts.forms.passwords", "accounts.forms.account")
"""Modules of forms that decide who somebody is, which tests/accounts/ tries."""
MARK_OF_TEXT = "zq7"
"""Ends each value that is sent, so that it is found again wherever it went, unless that would make another of it."""
WHOLE = {"numbers", "times", "keys", "plain"}
"""Groups whose values are themselves only as a whole."""


def misfits_of(written: Written, name: str, status: int, changed: set[str]) -> Iterator[str]:
    """What must not be so, whatever was sent. The database counts as written what was taken back as well; `changed` are
    the tables in which something stayed."""
    if status >= 400 and not written.verbs:
        written.tables &= changed
    if status >= 500:
        yield f"answers {status}"
    if name in DRAFTS and not written.verbs:
        written.tables -= {"incidents_bulkact"}
    if written.misfit:
        yield written.misfit
    state = written.tables - NO_STATE.keys()
    if status >= 400 and (state or written.verbs) and set(written.verbs) != RECORDS_REFUSALS.get(name):
        yield f"answers {status}, but {sorted(state)} were written and {written.verbs} recorded"


UNSEEN = ("Cc", "Cf", "Mn")


def spelling(text: str) -> str:
    """A text without what a field may tidy: white space, signs that nobody sees (names of files lose them), case, and
    one of two spellings of a letter or an address."""
    seen = (
        sign for sign in unquote_plus(text) if sign.isspace() or unicodedata.category(sign) not in ("Cc", "Cf", "Mn")
    )
    return "".join(unicodedata.normalize("NFKC", "".join(seen)).casefold().split())


def is_of(sent: str, kept: str) -> bool:
    """Whether a stored text is what was sent, holds it or its last line, or is a piece of it (the end of a path); or
    is made of letters and digits alone, as slugs are."""
    one, other = spelling(sent.splitlines()[-1]), spelling(kept)
    if other in spelling(sent):
        return True
    return one in other or bool(re.fullmatch(r"[a-z0-9_-]+", kept))


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
    assert not problems, "\n".join(f"{place}: {what}" for place, what in problems.items())
    assert next(turns) > 300
    assert len(kept) >= 35, sorted(map(str, kept))
    unreached = {
        form
        for form in our_forms() - reached - SHOWN_ONLY
        if form.__module__ not in AT_THE_DOOR and not any(issubclass(each, form) for each in reached)
    }
    assert unreached == set()


def tried_with(
    client: Client, said: Said, place: tuple[str, Any], name: str, hostile: HostileText, sent: str
) -> tuple[list[str], bool]:
    """What is wrong with how a route takes a value, and whether it keeps it."""
    with watched() as written:
        start = newest()
        answer = said.send(client, with_field(said, place, sent))
        tables = written.changed_so_far() - NO_STATE.keys() | {"activity_entry"}
        stored = list(stored_since(start, tables))
    kept = [(table, text) for table, text in stored if MARK_OF_TEXT in text]
    found = list(misfits_of(written, name, answer.status_code, {table for table, _ in stored}))
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
    takes = {
        name if method == "POST" else f"{method} {name}"
        for name, methods in TABLE.items()
        for method in methods
        if name.startswith("api:") and method in ("POST", "PUT", "PATCH")
    }
    assert takes - JSON_SAID.keys() == WITHOUT_JSON.keys()


WITHOUT_JSON = {
    "api:import": "a file",
    "api:attachments": "a file",
    "api:apply_tasks": "the number of a template",
    "api:move_task": "a direction",
    "api:erase_attachment": "tests/incidents/test_api_changing.py",
    **dict.fromkeys(("api:cancel_trial", "api:reset_correlation_rule", "api:undo_act"), "nothing"),
    **dict.fromkeys(("api:webhook_new_secret", "api:webhook_secret", "api:webhook_test"), "nothing"),
    **dict.fromkeys(("api:webhook_replay", "api:webhook_replay_failed"), "nothing"),
}
"""Routes of the API whose body is no JSON, or none."""
