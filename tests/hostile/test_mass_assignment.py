"""Nobody changes a field by naming it: every route that may write is sent, beside what it documents, the name of every
field of every model, and changes what it changes without them.

`HOSTILE=all` asks as every role, and names to the API one field after the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models
from django.test import Client

from accounts.models import Role, User
from incidents.models import Incident
from tests.access.matrix import OPEN, ROLES, SIGNED_IN, TABLE
from tests.conftest import owner_connection
from tests.hostile import corpus
from tests.hostile.fields import newest, requests
from tests.hostile.watching import OURS, Read, reading
from tests.test_completeness import NO_STATE, Said, everybody, make_ready, watched

__all__ = ["everybody"]

MARK = "owned"
CHANGES_EACH_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:\+\d\d:\d\d|Z)?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,}"
    r'|(?<="hint": ")[^"]*|(?<="secret": ")[^"]*|(?<="former_secret": ")[^"]*'
    r'|(?<="new": ")[0-9a-f]{8}(?=")|(?<="old": ")[0-9a-f]{8}(?=")'
)
"""Moments, random numbers, hashes of both, and what is told of them."""
WATCHED_TOO = {"activity_entry", "activity_body", "incidents_notice", "accounts_listsettings", "ingest_trial"}
"""Tables that hold no state of incidents, but that nobody may write at will either."""


def names_of_fields() -> dict[str, Any]:
    """The names of all fields of all models, by which code could set them, each with a value that would be seen."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model.__module__.split(".")[0] in OURS:
            for field in model._meta.get_fields():
                for name in {field.name, getattr(field, "attname", field.name), getattr(field, "column", field.name)}:
                    if name:
                        found[name] = value_for(field)
    return found | {"pk": 1, "actor": "admin", "role": "admin", "is_superuser": True, "_state": MARK}


def value_for(field: Any) -> Any:
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.DateTimeField):
        return "2001-01-01T00:00:00Z"
    if isinstance(field, models.IntegerField | models.ForeignKey | models.ManyToManyField) or field.is_relation:
        return 2
    return MARK


class Sequences:
    """What numbers new rows get, which no rollback takes back: put to where they were, the next run gets the same."""

    def __init__(self, owner: psycopg.Connection[Any]) -> None:
        self.owner = owner
        self.kept = self.now()

    def now(self) -> dict[str, int | None]:
        with self.owner.cursor() as cursor:
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
            return dict(cursor.fetchall())

    def put_back(self) -> None:
        with self.owner.cursor() as cursor:
            for name, value in self.now().items():
                if value != self.kept[name]:
                    cursor.execute(
                        "SELECT setval(%s, %s, %s)", [name, self.kept[name] or 1, self.kept[name] is not None]
                    )


def what_changes(client: Client, said: Said, values: Any) -> tuple[int, Counter[str]]:
    """The status of an answer, and every row that was written for it, as it then is, without what differs each time."""
    rows = Counter[str]()
    with watched() as written:
        start = newest()
        status = said.send(client, values).status_code
        changed = written.changed_so_far() & (WATCHED_TOO | (written.changed_so_far() - NO_STATE.keys()))
        with connection.cursor() as cursor:
            for table in sorted(changed):
                cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t WHERE t.xmin::text::bigint >= %s", [start])
                rows.update(f"{table} {CHANGES_EACH_TIME.sub('…', row)}" for (row,) in cursor.fetchall())
    return status, rows


def documented(said: Said, read: Read) -> set[str]:
    """What a route says it takes: what its page's form holds, what its forms declare, and what its example says."""
    named = {name for form in read.forms.values() for name in form}
    if not said.is_json:
        return named | set(said.values)
    return named | {
        str(name) for each in (said.values if isinstance(said.values, list) else [said.values]) for name in each
    }


def with_names(said: Said, names: dict[str, Any]) -> Any:
    if not said.is_json:
        as_text = {name: "on" if value is True else str(value) for name, value in names.items()}
        return {**as_text, **said.values}
    if isinstance(said.values, list):
        return [{**names, **each} for each in said.values]
    return {**names, **said.values}


def may(slug: str, needed: Any) -> bool:
    return needed in (SIGNED_IN, OPEN, *ROLES[slug])


def roles_for(place: int, needed: Any) -> Iterator[str]:
    """The roles that ask: in turn one that may and one that may not; every one with HOSTILE=all."""
    for some in ([slug for slug in ROLES if may(slug, needed)], [slug for slug in ROLES if not may(slug, needed)]):
        yield from some if corpus.TURNS == "all" else some[place % len(some) : place % len(some) + 1] if some else ()


def test_naming_a_field_does_not_change_it(
    incident: Incident, everybody: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_ready(incident, everybody)
    client, names, problems = sign_in(everybody), names_of_fields(), dict[str, str]()
    all_rights, roles = everybody.role, {slug: role_with(rights, slug) for slug, rights in ROLES.items()}
    changing = set()
    assert len(names) > 200
    with reading(monkeypatch) as read, owner_connection() as owner:
        for place, (name, method, said) in enumerate(list(requests(client, incident, other, but={"api:import"}))):
            sequences = Sequences(owner)
            for slug in roles_for(place, TABLE[name][method]):
                User.objects.filter(pk=everybody.pk).update(role=roles[slug])
                read.forms.clear()
                plain = Counter[str]()
                if may(slug, TABLE[name][method]):
                    _, plain = what_changes(client, said, said.values)
                    sequences.put_back()
                extra = {key: value for key, value in names.items() if key not in documented(said, read)}
                singly = said.is_json and corpus.TURNS == "all"
                for some in [{key: value} for key, value in extra.items()] if singly else [extra]:
                    status, named = what_changes(client, said, with_names(said, some))
                    sequences.put_back()
                    if named and named != plain:
                        problems[f"{method} {name} as {slug}"] = f"{status}: {(named - plain) or (plain - named)}"
                if plain:
                    changing.add(name)
            User.objects.filter(pk=everybody.pk).update(role=all_rights)
    assert not problems, "\n".join(f"{place}: {what}" for place, what in problems.items())
    assert len(changing) > 40, sorted(changing)


def role_with(rights: Any, slug: str) -> Role:
    return Role.objects.get_or_create(
        slug=slug, defaults={"name": slug, "permissions": [str(each) for each in rights]}
    )[0]


def test_a_field_that_is_set_would_be_seen(
    incident: Incident, everybody: User, sign_in: Callable[[User], Client]
) -> None:
    """That nothing differs means something only where a difference is noticed."""
    other = make_ready(incident, everybody)
    client = sign_in(everybody)
    with owner_connection() as owner:
        sequences, found = Sequences(owner), []
        for severity in ("low", "low", "high"):
            said = next(each for name, _, each in requests(client, incident, other) if name == "incidents:manage")
            found.append(what_changes(client, said, {**said.values, "severity": severity})[1])
            sequences.put_back()
    assert found[0] == found[1]
    assert found[0] and found[0] != found[2]
