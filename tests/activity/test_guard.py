"""The log's guard in the database: what the application's role, and even the owner, may not do."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from activity.models import Body, Entry
from incidents.models import Incident
from tests.activity.chains import bare_incident, commented
from tests.conftest import owner_connection

TABLES = ("activity_entry", "activity_body")
TOUCHING = (
    "UPDATE activity_entry SET actor_label = 'x'",
    "UPDATE activity_entry SET recorded_at = now()",
    "DELETE FROM activity_entry",
    "TRUNCATE activity_entry, incidents_notice, incidents_merge, webhooks_delivery, webhooks_try",
    "TRUNCATE activity_entry CASCADE",
    "UPDATE activity_body SET text = 'x'",
    "UPDATE activity_body SET text = NULL, emptied_at = now()",
    "DELETE FROM activity_body",
    "TRUNCATE activity_body CASCADE",
)
REBUILDING = (
    "ALTER TABLE activity_entry DISABLE TRIGGER USER",
    "ALTER TABLE activity_body DISABLE TRIGGER USER",
    "ALTER TABLE activity_entry ADD COLUMN extra text",
    "DROP TRIGGER entry_guard ON activity_entry",
    "DROP TABLE activity_entry CASCADE",
    "CREATE OR REPLACE FUNCTION activity_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE RULE quiet AS ON INSERT TO activity_entry DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
)


@pytest.fixture
def comment(transactional_db: None) -> Entry:
    return commented(bare_incident().pk, "What was said")


def log() -> list[tuple[object, ...]]:
    return [*Entry.objects.order_by("pk").values_list(), *Body.objects.order_by("pk").values_list()]


@pytest.mark.parametrize("statement", [*TOUCHING, *REBUILDING])
def test_the_application_may_not(db: None, statement: str) -> None:
    commented(bare_incident().pk, "What was said")
    before = log()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert log() == before


@pytest.mark.parametrize("table", TABLES)
def test_the_application_has_no_more_than_select_and_insert(db: None, table: str) -> None:
    rights = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unnest(%s::text[]), has_table_privilege(%s, unnest(%s::text[]))",
            [list(rights), table, list(rights)],
        )
        held = {right for right, has in cursor.fetchall() if has}
    assert held == {"SELECT", "INSERT"}


def test_the_application_is_neither_owner_nor_superuser(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tableowner = current_user AND schemaname = 'public'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("statement", TOUCHING)
def test_the_owner_is_refused_by_triggers(comment: Entry, statement: str) -> None:
    before = log()
    with owner_connection() as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute(statement)
    assert log() == before


def test_the_owner_cannot_change_a_text_under_the_name_of_emptying(comment: Entry) -> None:
    with owner_connection() as owner, owner.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("SELECT set_config('watchfloor.emptying', %s, true)", [str(comment.body_id)])
        owner.execute("UPDATE activity_body SET text = 'Another text'")
    assert Body.objects.get().text == "What was said"


def test_emptying_touches_no_other_text(comment: Entry) -> None:
    other = commented(comment.incident_id or 0, "Said later")
    with connection.cursor() as cursor:
        cursor.execute("SELECT activity_empty_body(%s)", [comment.body_id])
    assert Body.objects.get(pk=comment.body_id).text is None
    assert Body.objects.get(pk=other.body_id).text == "Said later"


def test_django_may_not_change_or_delete_entries_either(comment: Entry) -> None:
    comment.actor_label = "Somebody else"
    for act in (comment.save, comment.delete, Entry.objects.all().delete, lambda: Body.objects.update(text="x")):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert Entry.objects.get().actor_label == "Watchfloor"


def test_an_incident_with_entries_cannot_be_deleted(comment: Entry) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Incident.objects.all()._raw_delete("default")
    assert Incident.objects.count() == 1
