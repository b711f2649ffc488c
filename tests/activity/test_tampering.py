"""Whatever the owner of the database does to the log is found once a checkpoint was written; what people do is not.

TAMPERS=1000 tries more of the one, CLEAN_RUNS=1000 more of the other.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from activity.chain import entries
from activity.checkpoints.taking import take_checkpoint
from activity.checkpoints.verifying import prove
from activity.models import Entry
from alerts.choices import Severity
from incidents.commands import add_comment, edit_comment, rename, set_severity
from incidents.models import Incident
from tests.activity.chains import as_owner, bare_incident, commented, recompute, renamed, switch_off_guard
from tests.conftest import taken_back

TAMPERS = int(os.environ.get("TAMPERS", "100"))
CLEAN_RUNS = int(os.environ.get("CLEAN_RUNS", "12"))

Chain = int | None
COPIED = [field.column for field in Entry._meta.concrete_fields if field.column not in ("id", "sequence")]


def act(incident: Incident, chance: random.Random, person: User) -> None:
    """Something that people do."""
    kind = chance.randrange(5)
    actor = person.as_actor()
    if kind == 0:
        rename(incident, f"Name {chance.random()}", actor=actor)
    elif kind == 1:
        set_severity(incident, chance.choice(list(Severity)), actor=actor)
    elif kind == 2:
        renamed(None, chance.random(), chance.random())
    else:
        comment = add_comment(incident, f"Words {chance.random()}", actor=actor)
        if kind == 3:
            edit_comment(incident, comment, f"Other words {chance.random()}", actor=actor)


@pytest.fixture
def world(transactional_db: None, ana: User) -> Iterator[list[Chain]]:
    """Three incidents and the system's stream under four checkpoints, and their owner with the guard switched off."""
    chance = random.Random(1)
    incidents = [bare_incident(f"Incident {number}") for number in range(3)]
    for incident in incidents:
        commented(incident.pk, "First words")
        renamed(incident.pk, "a", "b")
    for _ in range(4):
        for _ in range(6):
            act(chance.choice(incidents), chance, ana)
        assert take_checkpoint() is not None
    with as_owner(), transaction.atomic():
        switch_off_guard()
        yield [None, *(incident.pk for incident in incidents)]
        transaction.set_rollback(True)


class Tamperer:
    """The database's owner, at one chain."""

    def __init__(self, chance: random.Random, chains: list[Chain]) -> None:
        self.chance, self.chains = chance, chains
        self.chain = chance.choice(chains)
        self.ids = list(Entry.objects.filter(incident_id=self.chain).order_by("sequence").values_list("pk", flat=True))
        self.touched: set[Chain] = {self.chain}

    def one(self) -> int:
        return self.chance.choice(self.ids)

    def run(self, sql: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    def edit(self) -> str:
        column, value = self.chance.choice(
            [
                ("actor_label", "actor_label || '.'"),
                ("verb", "verb || 'x'"),
                ("changes", "'[1]'"),
                ("facts", "facts || '{\"x\": 1}'"),
                ("recorded_at", "recorded_at - interval '1 second' * (1 + random() * 100000)"),
                ("about_id", f"{self.ids[0]}" if self.chance.random() < 0.5 else "coalesce(about_id, 0) + 1"),
                ("batch", "gen_random_uuid()"),
                ("actor_id", "coalesce(actor_id, 0) + 1"),
                ("channel", "channel || 'x'"),
                ("subject_label", "subject_label || 'x'"),
                ("incident_version", "coalesce(incident_version, 0) + 1"),
                ("transaction", "transaction + 1"),
                ("id", "id + 100000"),
            ]
        )
        number = self.one()
        before = Entry.objects.filter(pk=number).values_list(column, flat=True).first()
        self.run(f"UPDATE activity_entry SET {column} = {value} WHERE id = %s", number)
        if Entry.objects.filter(pk=number).values_list(column, flat=True).first() == before:
            self.run("UPDATE activity_entry SET actor_label = actor_label || 'x' WHERE id = %s", number)
        return column

    def delete(self) -> str:
        self.run("DELETE FROM activity_entry WHERE id = %s", self.one())
        return ""

    def insert(self) -> str:
        """A copy in a place before the end; the later ones make room."""
        at = self.chance.randrange(len(self.ids))
        self.run("UPDATE activity_entry SET sequence = sequence + 1000 WHERE id = ANY(%s)", self.ids[at:])
        self._copy(self.ids[at], sequence=at + 1)
        self.run("UPDATE activity_entry SET sequence = sequence - 999 WHERE id = ANY(%s)", self.ids[at:])
        return f"at {at + 1}"

    def swap(self) -> str:
        """Two entries change places, by their sequence or by the numbers of their rows."""
        first, second = self.chance.sample(self.ids, 2)
        column = self.chance.choice(["sequence", "id"])
        if column == "id":
            for old, new in ((first, -1), (second, first), (-1, second)):
                self.run("UPDATE activity_entry SET id = %s WHERE id = %s", new, old)
            return column
        places = dict(Entry.objects.filter(pk__in=[first, second]).values_list("pk", "sequence"))
        for number, place in ((first, 1_000), (second, places[first]), (first, places[second])):
            self.run("UPDATE activity_entry SET sequence = %s WHERE id = %s", place, number)
        return column

    def move(self) -> str:
        """An entry comes to stand at the end of another incident's chain."""
        other = self.chance.choice([chain for chain in self.chains if chain != self.chain])
        self.touched.add(other)
        self.run("UPDATE activity_entry SET incident_id = %s, sequence = 1000 WHERE id = %s", other, self.one())
        return f"to {other}"

    def truncate(self) -> str:
        left = self.chance.randrange(1, len(self.ids))
        self.run("DELETE FROM activity_entry WHERE id = ANY(%s)", self.ids[left:])
        return f"after {left}"

    def remove(self) -> str:
        self.run("DELETE FROM activity_entry WHERE id = ANY(%s)", self.ids)
        return "all"

    def backdate(self) -> str:
        """An entry of now, at the end of this chain or as the first of a new incident, that says it is older."""
        if self.chance.random() < 0.3:
            self.chain = bare_incident("Invented").pk
            self.touched = {self.chain}
        number = self._copy(self.one(), sequence=1_000)
        self.run("UPDATE activity_entry SET incident_id = %s WHERE id = %s", self.chain, number)
        written = self.chance.choice(["transaction", "pg_current_xact_id()::text::bigint", "transaction + 100000"])
        seconds = 61 + self.chance.random() ** 4 * 3e7
        self.run(
            f"UPDATE activity_entry SET transaction = {written},"
            " recorded_at = (SELECT max(signed_at) FROM activity_checkpointmark) - interval '1 second' * %s"
            " WHERE id = %s",
            seconds,
            number,
        )
        recompute(self.chain)
        return f"{written} by {seconds:.0f} s"

    def change_text(self) -> str:
        """Another text, an emptied one, or that of another entry."""
        own = list(Entry.objects.exclude(body=None).values_list("pk", "body_id", "incident_id"))
        (first, body, chain), (second, other, _) = self.chance.sample(own, 2)
        self.chain, self.touched = chain, {chain}
        kind = self.chance.choice(["text", "hash as well", "empty", "exchange", "none"])
        if kind == "text":
            self.run("UPDATE activity_body SET text = text || '.' WHERE id = %s", body)
        elif kind == "hash as well":
            self.run(
                "UPDATE activity_body SET text = text || '.', sha256 = encode(sha256(convert_to(text || '.', 'UTF8')), "
                "'hex') WHERE id = %s",
                body,
            )
        elif kind == "empty":
            self.run("SELECT activity_empty_body(%s)", body)
        elif kind == "exchange":
            self.run("UPDATE activity_entry SET body_id = %s WHERE id = %s", other, first)
        else:
            self.run("UPDATE activity_entry SET body_id = NULL WHERE id = %s", first)
        return f"{kind}, {first} {second}"

    def _copy(self, number: int, *, sequence: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO activity_entry ({', '.join(COPIED)}, sequence) SELECT {', '.join(COPIED)}, %s"
                " FROM activity_entry WHERE id = %s RETURNING id",
                [sequence, number],
            )
            return int(cursor.fetchone()[0])


WAYS: list[Callable[[Tamperer], str]] = [
    *(Tamperer.edit, Tamperer.delete, Tamperer.insert, Tamperer.swap, Tamperer.move),
    *(Tamperer.truncate, Tamperer.remove, Tamperer.backdate, Tamperer.change_text),
]


def test_every_tampering_is_found_whether_hashes_are_recomputed_or_not(world: list[Chain]) -> None:
    assert prove().problems == ()
    missed = []
    for seed in range(TAMPERS):
        chance = random.Random(seed)
        with taken_back():
            tamperer = Tamperer(chance, world)
            way = WAYS[seed % len(WAYS)]
            told = way(tamperer)
            is_recomputed = chance.random() < 0.7
            if is_recomputed:
                for chain in tamperer.touched:
                    recompute(chain)
            found = prove()
            named = {broken.incident_id for broken in found.verification.breaks}
            if not named & tamperer.touched:
                missed.append((seed, way.__name__, told, is_recomputed, found.problems))
    assert missed == []
    assert prove().problems == ()


def test_a_cunning_tamperer_is_told_what_is_wrong(world: list[Chain]) -> None:
    """All hashes are recomputed each time."""
    chain = world[1]
    ids = [entry.id for entry in entries(chain)]
    length = len(ids)

    def after(*statements: str) -> str:
        with taken_back():
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
            recompute(chain)
            (found,) = prove().problems
        return found

    assert f"incident {chain}, entry " in after(f"UPDATE activity_entry SET verb = 'x' WHERE id = {ids[1]}")
    assert "the one that checkpoint 1 of " in after(f"DELETE FROM activity_entry WHERE id = {ids[0]}")
    assert "missing at the end; checkpoint " in after(f"DELETE FROM activity_entry WHERE id = {ids[-1]}")
    gone = after(f"DELETE FROM activity_entry WHERE incident_id = {chain}")
    assert f"incident {chain}, entry 1: the whole chain is missing" in gone
    copied = ", ".join(COPIED)
    again = f"INSERT INTO activity_entry ({copied}, sequence) SELECT {copied}, 1000 FROM activity_entry"
    again += f" WHERE id = {ids[-1]}"
    assert f"entry {length + 1} (id " in after(again)
    assert "it was added after checkpoint" in after(again)
    later = "UPDATE activity_entry SET transaction = pg_current_xact_id()::text::bigint WHERE sequence = 1000"
    earlier = "UPDATE activity_entry SET recorded_at = recorded_at - interval '9 minutes' WHERE sequence = 1000"
    assert "its time lies before" in after(again, later, earlier)
    assert "no entry tells of it" in after(
        f"SELECT activity_empty_body((SELECT body_id FROM activity_entry WHERE id = {ids[0]}))"
    )


def test_what_people_do_is_never_an_alarm(transactional_db: None, ana: User) -> None:
    chance = random.Random(2)
    incidents: list[Incident] = []
    for run in range(CLEAN_RUNS):
        if run % 20 == 0:
            incidents = [bare_incident(f"{run}: {number}") for number in range(3)]
        for _ in range(chance.randrange(1, 5)):
            act(chance.choice(incidents), chance, ana)
        if chance.random() < 0.6:
            take_checkpoint()
        assert prove().problems == (), run
