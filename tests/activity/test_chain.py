"""Proof that the log is untouched: `activity.chain.verify` and `manage.py verify_activity`."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import SYSTEM
from activity.chain import FIRST, verify
from activity.models import Entry
from activity.record import Change, Draft, record
from activity.verbs import BODY_EMPTIED
from incidents import verbs
from incidents.commands import add_comment, rename
from incidents.models import Incident
from tests.activity.chains import bare_incident, commented, renamed, unguarded

LENGTH = 6
"""Entries in the chains that are tampered with."""


@pytest.fixture
def chain(transactional_db: None) -> Incident:
    """An incident with LENGTH committed entries; the fourth is a comment."""
    incident = bare_incident()
    renamed(None, "a", "b")
    for step in range(1, LENGTH + 1):
        if step == 4:
            commented(incident.pk, "Looks like a test by the red team.")
        else:
            renamed(incident.pk, step, step + 1)
    return incident


def test_an_untouched_log_verifies(chain: Incident) -> None:
    found = verify()
    assert (found.chains, found.entries, found.breaks) == (2, LENGTH + 1, ())
    assert verify(chain.pk).entries == LENGTH


def test_a_chain_starts_from_zero(chain: Incident) -> None:
    assert bytes(Entry.objects.get(incident=chain, sequence=1).previous_hash) == FIRST


EDITS = {
    "incident_version": "7",
    "verb": "'incident.resolved'",
    "actor_kind": "'user'",
    "actor_id": "1",
    "actor_label": "'Somebody else'",
    "channel": "'api'",
    "batch": "gen_random_uuid()",
    "subject_kind": "'alert'",
    "subject_id": "'9'",
    "subject_label": "'Something else'",
    "changes": "'[]'",
    "facts": "'{\"a\": 1}'",
    "body_sha256": "repeat('0', 64)",
    "recorded_at": "recorded_at - interval '1 microsecond'",
    "about_id": "(SELECT id FROM activity_entry WHERE incident_id IS NULL)",
    "previous_hash": "decode(repeat('ab', 32), 'hex')",
    "hash": "decode(repeat('ab', 32), 'hex')",
}


@pytest.mark.parametrize("column", EDITS)
def test_an_edit_of_any_hashed_column_is_found_where_it_was_made(chain: Incident, column: str) -> None:
    with unguarded() as cursor:
        cursor.execute(
            f"UPDATE activity_entry SET {column} = {EDITS[column]} WHERE incident_id = %s AND sequence = 3", [chain.pk]
        )
    breaks = verify().breaks
    assert [(found.incident_id, found.sequence) for found in breaks] == [(chain.pk, 3)]


def test_the_edit_test_covers_every_column_but_those_that_name_the_row() -> None:
    elsewhere = {"id", "transaction", "incident_id", "sequence", "body_id"}
    assert {field.column for field in Entry._meta.concrete_fields} == EDITS.keys() | elsewhere


def test_a_missing_entry_is_named_by_the_one_after_it(chain: Incident) -> None:
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_entry WHERE incident_id = %s AND sequence = 2", [chain.pk])
    (found,) = verify().breaks
    assert found.sequence == 3
    assert "entry 2 is missing" in str(found)


def test_a_missing_entry_is_found_even_when_the_rest_is_renumbered(chain: Incident) -> None:
    with unguarded() as cursor:
        cursor.execute("DELETE FROM activity_entry WHERE incident_id = %s AND sequence = 2", [chain.pk])
        for sequence in range(3, LENGTH + 1):
            cursor.execute(
                "UPDATE activity_entry SET sequence = %s WHERE incident_id = %s AND sequence = %s",
                [sequence - 1, chain.pk, sequence],
            )
    assert [found.sequence for found in verify().breaks] == [2]


def test_an_entry_moved_to_another_incident_is_found_in_both(chain: Incident) -> None:
    other = bare_incident()
    with unguarded() as cursor:
        cursor.execute(
            "UPDATE activity_entry SET incident_id = %s WHERE incident_id = %s AND sequence = 1", [other.pk, chain.pk]
        )
    assert {found.incident_id for found in verify().breaks} == {chain.pk, other.pk}


def test_a_text_changed_behind_the_log_is_found(chain: Incident) -> None:
    with unguarded() as cursor:
        cursor.execute("UPDATE activity_body SET text = 'An attack.'")
    assert ["text is not what was recorded" in found.problem for found in verify().breaks] == [True]


def test_a_text_changed_together_with_its_hash_is_found(chain: Incident) -> None:
    with unguarded() as cursor:
        cursor.execute(
            "UPDATE activity_body SET text = 'An attack.', sha256 = encode(sha256('An attack.'::bytea), 'hex')"
        )
    assert ["text was exchanged" in found.problem for found in verify().breaks] == [True]


def test_a_text_that_is_gone_is_found(chain: Incident) -> None:
    with unguarded() as cursor:
        cursor.execute("UPDATE activity_entry SET body_id = NULL")
    assert ["text is missing" in found.problem for found in verify().breaks] == [True]


def test_an_emptied_text_leaves_the_chain_whole_when_an_entry_tells_of_it(chain: Incident) -> None:
    body_id = Entry.objects.get(incident=chain, sequence=4).body_id
    with connection.cursor() as cursor:
        cursor.execute("SELECT activity_empty_body(%s)", [body_id])
        assert cursor.fetchone() == (True,)
    body = Entry.objects.get(incident=chain, sequence=4).body
    assert body is not None
    assert body.text is None
    assert body.emptied_at is not None
    (found,) = verify().breaks
    assert "emptied, and no entry tells of it" in str(found)
    with transaction.atomic():
        record(
            Draft(
                BODY_EMPTIED,
                SYSTEM,
                incident_id=chain.pk,
                about=Entry.objects.get(incident=chain, sequence=4),
                facts={"reason": "Personal data"},
            )
        )
    assert verify().breaks == ()


def test_emptying_says_when_there_was_nothing_to_empty(chain: Incident) -> None:
    body_id = Entry.objects.get(incident=chain, sequence=4).body_id
    with connection.cursor() as cursor:
        answers = []
        for wanted in (body_id, body_id, 10**9):
            cursor.execute("SELECT activity_empty_body(%s)", [wanted])
            answers.append(cursor.fetchone()[0])
    assert answers == [True, False, False]


def test_each_broken_chain_is_named_once(chain: Incident) -> None:
    other = bare_incident()
    for step in range(3):
        renamed(other.pk, step, step + 1)
    with unguarded() as cursor:
        cursor.execute("UPDATE activity_entry SET actor_label = 'x' WHERE sequence >= 2")
    assert [(found.incident_id, found.sequence) for found in verify().breaks] == [(chain.pk, 2), (other.pk, 2)]


def test_the_command_names_the_misfit_and_fails(chain: Incident, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_activity")
    assert "7 entries in 2 chains verified" in capsys.readouterr().out
    with unguarded() as cursor:
        cursor.execute("UPDATE activity_entry SET facts = '{}' , changes = '[]' WHERE sequence = 5")
    with pytest.raises(CommandError) as failed:
        call_command("verify_activity")
    assert failed.value.returncode == 1
    assert f"incident {chain.pk}, entry 5 (id " in capsys.readouterr().err
    with pytest.raises(CommandError):
        call_command("verify_activity", incident=chain.pk)
    with pytest.raises(CommandError, match="no entry for incident 999999"):
        call_command("verify_activity", incident=999_999)


def json_values() -> st.SearchStrategy[Any]:
    texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)
    numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers | texts
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    old=json_values(),
    new=json_values(),
    facts=st.dictionaries(st.text('aé𝄞"\\:,', max_size=3), json_values()),
    text=st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
)
def test_any_content_hashes_alike_in_database_and_check(db: None, old: Any, new: Any, facts: Any, text: Any) -> None:
    if old == new:
        return
    with transaction.atomic():
        draft = Draft(verbs.RENAMED, SYSTEM, changes=[Change("name", old, new)], facts=facts, text=text)
        record(draft)
    assert verify().breaks == ()


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "é𝄞\u202e", "\r\n\t\x01\x1f\x7f\x85", "'\";--\\", "null", "5:hello,-", " "],
    ids=["long", "unicode", "controls", "quotes", "null", "canonical", "blank"],
)
def test_texts_of_every_sort_verify(db: None, text: str) -> None:
    incident = bare_incident()
    commented(incident.pk, text)
    renamed(incident.pk, text[:600], "plain")
    assert verify().breaks == ()


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_neither_fork_a_chain_nor_stand_still(ana: User) -> None:
    writers, each = 8, 6
    incident, barrier, problems = bare_incident(), threading.Barrier(8), []

    def write(number: int) -> None:
        try:
            barrier.wait(timeout=30)
            for step in range(each):
                if step % 2:
                    add_comment(incident, f"{number}: {step}", actor=ana.as_actor())
                else:
                    rename(incident, f"Name {number} {step}", actor=ana.as_actor())
        except Exception as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []
    assert not any(thread.is_alive() for thread in threads)
    sequences = list(Entry.objects.of_incident(incident.pk).order_by("sequence").values_list("sequence", flat=True))
    assert sequences == list(range(1, writers * each + 1))
    incident.refresh_from_db()
    assert incident.version == 1 + writers * each // 2
    assert verify().breaks == ()


@pytest.mark.django_db(transaction=True)
def test_writers_that_forget_the_incident_lock_do_not_fork_its_chain() -> None:
    incident, barrier, problems = bare_incident(), threading.Barrier(4), []

    def write() -> None:
        try:
            barrier.wait(timeout=30)
            for step in range(5):
                renamed(incident.pk, step, step + 1)
        except Exception as problem:
            problems.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert problems == []
    assert Entry.objects.of_incident(incident.pk).count() == 20
    assert verify().breaks == ()
