"""A portal in which everything that people and senders write is hostile: what pages and exports are shown to bear.

Alerts come from a record of which every field is hostile; whatever else there is, is written through the routes
themselves, in whatever fields they are seen to take texts. So what a new route stores is hostile by itself;
`without_mark` says which column of which model is not.
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Iterator, Mapping
from itertools import count, cycle
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.test import Client

from accounts.commands import create_team, create_token
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from incidents.commands import add_comment, attach, change_tags, rename
from incidents.files import take_in
from incidents.models import ImportedLog, Incident
from ingest.commands import ingest
from ingest.formats import parse_records
from ingest.parsed import ParsedAlert
from tests.access.addresses import ACT, kept_log
from tests.conftest import NOON, alert, device, opened
from tests.exports.made import kept_export
from tests.hostile import corpus
from tests.hostile.fields import fields_of, leaves, newest, requests, stored_since, with_field, with_leaf
from tests.hostile.watching import OURS, Read, reading
from tests.incidents.uploads import image
from tests.ingest.examples import NATIVE
from tests.test_completeness import Said, make_ready

MARK = "owned"
"""Stands in every hostile text that is stored here."""
SHORT = [
    each.text for each in corpus.TEXTS if each.group in ("markup", "addresses") and MARK in each.text and
    len(each.text) <= 60 and each.text.isprintable()
]  # fmt: skip
ALL = [each.text for each in corpus.KEPT if each.group in ("markup", "addresses", "targets", "templates", "direction")]
FIRST = f"<img src=x onerror={corpus.RUN}>"
"""In names of people, who stand on every page."""
HIDES = {"incidents:restriction", "incidents:merge", "api:merge", "incidents:lift_restriction"}
"""Routes that would take the incident out of sight, or away."""


def hostile_record(number: int) -> dict[str, Any]:
    """An alert of which every field is hostile that may hold any text."""
    record: dict[str, Any] = copy.deepcopy(NATIVE) | {"external_id": f"{number} {FIRST}"}
    texts = cycle([*SHORT[number:], *SHORT[:number]])
    for path in [each for each in leaves(record) if each != ("external_id",)]:
        tried = with_leaf(record, path, next(texts))
        (parsed,) = parse_records([(1, tried)], "native")
        if isinstance(parsed, ParsedAlert) and not parsed.notices:
            record = tried
    return record


def hostile_world(one: User) -> tuple[Incident, Incident]:
    """An incident of hostile alerts, and another; a team, a token and texts of every length."""
    records = [hostile_record(number) for number in range(3)]
    parsed = [each for each in parse_records(enumerate(records, 1), "native") if isinstance(each, ParsedAlert)]
    (first, *_) = ingest(parsed, actor=COMMAND_LINE)
    incident = Incident.objects.get(pk=first.incident_id)
    many = "\n".join(ALL)
    opened(alert("long", title=" ".join(SHORT)[:400], description=many, recommended_actions=many, at=NOON,
                 entities=(device(FIRST),)))  # fmt: skip
    one.display_name = FIRST
    one.save()
    writer = one.as_actor()
    create_team("owned", actor=SYSTEM, name=FIRST, members=[one])
    create_token(FIRST, actor=SYSTEM, source="owned")
    other = make_ready(incident, one)
    kept_export(incident, one, ACT)
    ImportedLog.objects.filter(pk=kept_log(incident).pk).update(system=FIRST, name=FIRST, imported_by=FIRST)
    incident.refresh_from_db()
    incident = rename(incident, " ".join(SHORT)[:480], actor=writer)
    change_tags(incident, add=[text[:60] for text in SHORT[:12]], actor=writer)
    for start in range(0, len(ALL), 40):
        add_comment(incident, "\n\n".join(ALL[start : start + 40]), actor=writer)
    attach(incident, take_in(f"{FIRST}.png", io.BytesIO(image()), len(image())), actor=writer)
    incident.refresh_from_db()
    return incident, other


def write_through_routes(
    client: Client, incident: Incident, other: Incident, patch: pytest.MonkeyPatch
) -> set[tuple[str, Any]]:
    """Every route that may write is sent hostile texts and keeps what it takes; the fields that took one. What stores
    no text is taken back: nothing is deleted or closed."""
    kept: set[tuple[str, Any]] = set()
    texts, numbers = cycle(SHORT), count()
    with reading(patch) as read:
        for name, method, said in requests(client, incident, other, but=HIDES):
            certain, possible = free_texts(client, said, method, read)
            for places in (certain, *([place] for place in (*certain, *possible))):
                if not places or any((name, place) in kept for place in places):
                    continue
                tokens = {place: f"q{next(numbers)}q" for place in places}
                values = said.values
                for place, token in tokens.items():
                    values = with_field(said, place, next(texts) + token, values)
                kept |= {(name, place) for place in _kept(client, said, values, tokens)}
    return kept


Place = tuple[str, Any]


def free_texts(client: Client, said: Said, method: str, read: Read) -> tuple[list[Place], list[Place]]:
    """The fields of a route that its forms take texts in, and others of which nobody says what they are."""
    read.start()
    read.forms.clear()
    with transaction.atomic():
        answer = said.send(client)
        transaction.set_rollback(True)
    free, other = read.texts_of_forms()
    places = fields_of(said, read.of(answer, method))
    certain = [place for place in places if place[1] in free]
    return certain, [place for place in places if place[1] not in free | other]


def _kept(client: Client, said: Said, values: Any, tokens: Mapping[Place, str]) -> list[Place]:
    """The fields whose texts were stored, found by their tokens; where none was, all that was written is taken back."""
    with transaction.atomic():
        start = newest()
        said.send(client, values)
        stored = "\n".join(text for _, text in stored_since(start))
        kept = [place for place, token in tokens.items() if token in stored]
        if not kept:
            transaction.set_rollback(True)
    return kept


def text_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Each column of the project's models that can hold any text."""
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in OURS:
            continue
        for field in model._meta.concrete_fields:
            inner = field.base_field if isinstance(field, ArrayField) else field
            is_free = isinstance(inner, models.CharField | models.TextField) and not field.choices
            if (is_free and not isinstance(inner, models.SlugField)) or isinstance(inner, models.JSONField):
                yield model, field.column


MADE = re.compile(r".*(sha256|digest|_key|\.key|hint|slug|subject_id|subject_kind|verb|trigrams|password)")
"""Columns that nobody writes: they are reckoned, or hold the program's own words."""


def without_mark() -> set[str]:
    """The columns that hold no hostile text in any row, as `incidents.Task.title`."""
    found = set()
    with connection.cursor() as cursor:
        for model, column in text_columns():
            table, name = model._meta.db_table, f"{model._meta.label}.{column}"
            cursor.execute(f'SELECT EXISTS (SELECT FROM {table} WHERE "{column}"::text LIKE %s)', [f"%{MARK}%"])
            if not cursor.fetchone()[0] and not MADE.fullmatch(name):  # type: ignore[index]
                found.add(name)
    return found
