"""Writing the log: `activity.record`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Body, Entry
from activity.record import Change, Draft, Subject, record, record_all, text_sha256
from activity.verbs import COMMENTED, VERBS, Verb, register
from incidents import verbs
from incidents.models import Incident
from tests.activity.chains import bare_incident, commented, renamed


@pytest.mark.django_db(transaction=True)
def test_it_needs_the_transaction_of_the_change() -> None:
    with pytest.raises(RuntimeError):
        record(Draft(verbs.RENAMED, SYSTEM, changes=[Change("name", "a", "b")]))
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_the_change_that_fails() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(Draft(COMMENTED, SYSTEM, text="Lost"))
        raise ZeroDivisionError
    assert not Entry.objects.exists()
    assert not Body.objects.exists()


def test_an_unregistered_verb_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="not registered"):
        record(Draft(Verb("incident.invented", "Invented", "incident", "invented"), SYSTEM))


def test_a_verb_that_only_shares_the_name_of_a_registered_one_is_refused(db: None) -> None:
    twin = Verb(verbs.RENAMED.name, "Renamed, too", "rename", "renamed")
    with pytest.raises(ValueError, match="not registered"):
        record(Draft(twin, SYSTEM))
    with pytest.raises(ValueError, match="registered twice"):
        register(twin)
    assert VERBS[verbs.RENAMED.name] is verbs.RENAMED


@pytest.mark.parametrize("value", ["same", None, 0, ["a"], {"kind": "user"}])
def test_a_change_of_nothing_is_refused(db: None, value: Any) -> None:
    with pytest.raises(ValueError, match="did not change"):
        record(Draft(verbs.RENAMED, SYSTEM, changes=[Change("name", value, value)]))
    assert not Entry.objects.exists()


def test_one_bad_draft_keeps_all_others_out(db: None) -> None:
    good = Draft(verbs.RENAMED, SYSTEM, changes=[Change("name", "a", "b")])
    bad = Draft(verbs.RENAMED, SYSTEM, changes=[Change("name", "b", "b")])
    with pytest.raises(ValueError, match="did not change"):
        record_all([good, bad])
    assert not Entry.objects.exists()


def test_entries_carry_who_what_and_through_what(incident: Incident, ana: User) -> None:
    entry = record(
        Draft(
            verbs.RENAMED,
            ana.as_actor(),
            incident_id=incident.pk,
            incident_version=7,
            subject=Subject("alert", "5", "Beacon"),
            changes=[Change("name", "a", "b")],
            facts={"reason": "test"},
            text="Why",
        )
    )
    entry.refresh_from_db()
    assert (entry.actor_kind, entry.actor_id, entry.actor_label, entry.channel) == ("user", ana.pk, "Ana Ruiz", "page")
    assert (entry.subject_kind, entry.subject_id, entry.subject_label) == ("alert", "5", "Beacon")
    assert entry.changes == [{"field": "name", "old": "a", "new": "b"}]
    assert entry.facts == {"reason": "test"}
    assert entry.incident_version == 7
    assert entry.body is not None
    assert entry.body.text == "Why"
    assert entry.body_sha256 == entry.body.sha256 == text_sha256("Why")


def test_labels_too_long_for_their_columns_are_cut(db: None) -> None:
    entry = renamed(None, "a", "b", subject=Subject("alert", "1", "x" * 2_000))
    entry.refresh_from_db()
    assert entry.subject_label == "x" * 600


def test_sequences_count_per_incident_and_for_the_system(db: None) -> None:
    first, second = bare_incident(), bare_incident()
    order = [renamed(one, "a", "b") for one in (first.pk, second.pk, None, first.pk, None, first.pk)]
    for entry in order:
        entry.refresh_from_db()
    assert [entry.sequence for entry in order] == [1, 1, 1, 2, 2, 3]


def test_the_database_sets_sequence_time_transaction_and_hashes_whatever_is_sent(db: None) -> None:
    incident = bare_incident()
    earlier = renamed(incident.pk, "a", "b")
    forged = Entry.objects.create(
        incident=incident,
        verb=verbs.RENAMED.name,
        actor_kind="system",
        actor_label="Forger",
        channel="system",
        sequence=99,
        recorded_at=timezone.now() - timedelta(days=365),
        transaction=1,
        previous_hash=b"\x01" * 32,
        hash=b"\x02" * 32,
    )
    earlier.refresh_from_db()
    forged.refresh_from_db()
    assert forged.sequence == 2
    assert bytes(forged.previous_hash) == bytes(earlier.hash)
    assert bytes(forged.hash) != b"\x02" * 32
    assert forged.recorded_at is not None
    assert earlier.recorded_at is not None
    assert forged.recorded_at >= earlier.recorded_at
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert forged.transaction == cursor.fetchone()[0]


def test_the_database_hashes_bodies_whatever_is_sent(db: None) -> None:
    body = Body.objects.create(text="true", sha256="f" * 64)
    body.refresh_from_db()
    assert body.sha256 == text_sha256("true")


def test_an_edit_points_to_its_comment(db: None) -> None:
    incident = bare_incident()
    comment = commented(incident.pk, "First")
    edit = renamed(incident.pk, "a", "b", about=comment)
    assert list(comment.later_entries.all()) == [edit]
