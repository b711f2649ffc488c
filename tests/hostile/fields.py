"""Where something can be said to a route: fields that it is seen to read, and leaves of what it takes as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from accounts.models import User
from activity.actors import SYSTEM
from incidents.commands import restrict
from incidents.models import Incident
from tests.access.matrix import TABLE
from tests.test_completeness import NO_STATE, Said, counted, what_is_said

WRITING = ("POST", "PUT", "PATCH", "DELETE")
SHOWS_NO_TEXT = {
    "account_login": "tests/accounts/test_sign_in.py",
    "account_logout": "takes nothing",
    "account_password": "tests/accounts/test_people_pages.py; it ends the session that asks",
}
"""Routes that are left out, and what tries them."""
WITHOUT_BODY = {"csrfmiddlewaretoken", "_method", ""}
OTHER_STATES: dict[str, Callable[[Incident], object]] = {
    "incidents:restriction": lambda incident: restrict(incident, [User.objects.get(username="olga")], actor=SYSTEM),
}
"""Routes that read other fields once the incident is otherwise, and what makes it so. They come last."""


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
    """The number that rows written from here on in this savepoint have at least. The database gives it out with a row
    alone, so one is written where nobody sees it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS newest (number integer)")
        cursor.execute("INSERT INTO newest VALUES (1) RETURNING xmin::text::bigint")
        (number,) = cursor.fetchone()
    return int(number)


def stored_since(number: int, tables: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """Every text in the rows of these tables that were written since; of all that hold state, and the log,
    where none is named."""
    with connection.cursor() as cursor:
        for table in sorted(tables or (counted().keys() - NO_STATE.keys()) | {"activity_entry", "activity_body"}):
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


def with_field(said: Said, place: Any, text: str, values: Any = None) -> Any:
    """What is said, or these values, with another value in one of the fields."""
    where, name = place
    values = said.values if values is None else values
    if where == "json":
        return with_leaf(values, name, text)
    if where == "files":
        return {**values, name: SimpleUploadedFile(text or "x", b"hostile\n", content_type="text/plain")}
    return {**values, name: text}


def fields_of(said: Said, read: Mapping[str, set[str]]) -> list[tuple[str, Any]]:
    """Where something can be said to a route."""
    if said.is_json:
        return [("json", path) for path in leaves(said.values)]
    named = {("body", name) for name in (read["body"] | set(said.values)) - WITHOUT_BODY}
    return sorted(named | {("files", name) for name in read["files"]})


def requests(
    client: Client, incident: Incident, other: Incident, *, but: Collection[str] = ()
) -> Iterator[tuple[str, str, Said]]:
    """Each route and method that may write, other than these, with what makes it do so."""
    for name, methods in TABLE.items():
        for method in [each for each in methods if each in WRITING and name not in {*SHOWS_NO_TEXT, *but}]:
            yield name, method, what_is_said(client, name, method, incident, other)
    for name, change in [(name, change) for name, change in OTHER_STATES.items() if name not in but]:
        change(incident)
        yield name, "POST", what_is_said(client, name, "POST", incident, other)
