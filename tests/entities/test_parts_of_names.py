"""Finding entities by any part of their key or name, letter case aside."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from common.words import fold
from entities import identity
from entities.commands import Observation, observe
from entities.models import Entity
from entities.queries import CONTAINING, MOST_NAMES, entities_containing
from entities.trigrams import MOST_ASKED, MOST_COMPARED, indexed, rarest, trigrams
from tests.conftest import NOON

SHA256 = "3f9a" * 16


def stored(*identities: identity.EntityIdentity) -> list[int]:
    with transaction.atomic():
        return observe([Observation(each, NOON) for each in identities])


@pytest.fixture
def names(db: None) -> dict[str, int]:
    ids = stored(
        identity.device(hostname="FIN-WS-17.contoso.example"),
        identity.user(upn="jo.smith@contoso.example"),
        identity.ip("203.0.113.7"),
        identity.file(name="Rechnung Größe.docm", directory="C:\\Temp", hashes=[SHA256]),
    )
    return dict(zip(["device", "user", "ip", "file"], ids, strict=True))


def found(part: str) -> set[int]:
    rows = entities_containing([part])[part]
    assert rows is not None
    return {row[0] for row in rows}


@pytest.mark.parametrize(
    ("part", "whose"),
    [
        ("ws-1", {"device"}),
        ("WS-17.CON", {"device"}),
        ("contoso", {"device", "user"}),
        ("0.113", {"ip"}),
        (".smith@", {"user"}),
        ("nung grö", {"file"}),
        ("GRÖSSE", {"file"}),
        ("nope", set()),
        ("ws-19", set()),
        ("%", None),
        ("ab", None),
        ("a%b_c\\'\"", set()),
    ],
)
def test_a_part_of_three_characters_finds_names(names: dict[str, int], part: str, whose: set[str] | None) -> None:
    if whose is None:
        assert entities_containing([part]) == {part: None}
    else:
        assert found(part) == {names[each] for each in whose}


def test_several_parts_are_one_statement(names: dict[str, int], django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        rows = entities_containing(["ws-1", "113.7", "x", "nothing like it"])
    assert {part: None if each is None else [row[0] for row in each] for part, each in rows.items()} == {
        "ws-1": [names["device"]],
        "113.7": [names["ip"]],
        "x": None,
        "nothing like it": [],
    }


def test_a_part_of_too_many_names_is_not_searched(db: None) -> None:
    stored(*(identity.device(hostname=f"web-{number:04}") for number in range(MOST_NAMES + 1)))
    assert entities_containing(["web-", "eb-0999"]).popitem()[1] is not None
    assert entities_containing(["web-"]) == {"web-": None}


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.data())
def test_every_trigram_asked_for_is_one_of_the_name(name: str, data: st.DataObject) -> None:
    whole = indexed(name)
    start = data.draw(st.integers(0, len(whole)))
    part = whole[start : data.draw(st.integers(start, len(whole)))]
    asked = trigrams(part)
    assert len(asked) <= MOST_COMPARED
    assert set(asked) <= {whole[place : place + 3] for place in range(len(whole) - 2)}


def test_the_index_is_asked_for_the_rare_ones() -> None:
    shares = {"hos": 0.9, "ost": 0.9, "st-": 0.8, "t-0": 0.2, "-00": 0.1}
    assert rarest(trigrams("host-007"), shares) == ["007", "-00", "t-0", "st-"]
    assert rarest(trigrams("host"), shares) == ["hos", "ost"]
    assert len(rarest(trigrams("a-name-of-which-nothing-is-known"), {})) == MOST_ASKED


def test_trigrams_are_those_of_key_and_name(names: dict[str, int]) -> None:
    for entity in Entity.objects.all():
        texts = [fold(entity.key), fold(entity.name)]
        expected = {text[place : place + 3] for text in texts for place in range(len(text) - 2)}
        assert set(entity.trigrams) == expected
        assert len(entity.trigrams) == len(expected)


def test_very_long_and_very_short_names_are_stored(db: None) -> None:
    stored(identity.device(hostname="ab"), identity.file(name="x" * 900 + "end", directory="C:\\a"))
    assert Entity.objects.count() == 2


def test_the_migration_fills_what_is_empty(names: dict[str, int]) -> None:
    before = {entity.pk: set(entity.trigrams) for entity in Entity.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE entities_entity SET trigrams = '{}'")
    migration = import_module("entities.migrations.0003_trigrams_of_entities_stored_before")
    with connection.schema_editor(atomic=False) as editor:
        migration.fill(apps, editor)
    assert {entity.pk: set(entity.trigrams) for entity in Entity.objects.all()} == before


def test_parts_are_looked_up_in_the_index(db: None) -> None:
    stored(*(identity.device(hostname=f"host-{number:05}.example") for number in range(3000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE entities_entity")
        cursor.execute(f"EXPLAIN {CONTAINING}", [[0], *[['{"777","779","02-"}']] * 2, MOST_NAMES + 1])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "entity_trigrams" in plan and "Seq Scan" not in plan, plan
