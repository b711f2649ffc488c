"""Searching reads indexes: neither entities nor evidence are read from end to end, and the statements are few."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from entities.choices import EntityKind
from entities.models import Entity
from incidents.queries.queue import asked

ALL = "status=any&severity=any&snoozed=any"


def plan(text: str, user: User) -> tuple[str, int]:
    """The plan of the first page, and how many statements were needed before it."""
    query = QueryDict(ALL, mutable=True)
    query["q"] = text
    with CaptureQueriesContext(connection) as before:
        rows = asked(query, user).matching.order_by("-last_activity", "-id").values("pk")[:51]
        sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall()), len(before)


def test_searching_for_parts_of_names_reads_indexes_only(ana: User) -> None:
    call_command("generate", incidents=1500, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    device = Entity.objects.filter(kind=EntityKind.DEVICE).order_by("pk")[20].name
    texts = [device, device[1:], f"{device[1:]} beacon", f"-{device[1:]} mail", f"{device[1:]} OR mail", '"port scan"']
    for text in texts:
        shown, statements = plan(text, ana)
        for table in ("entities_entity", "alerts_evidence", "alerts_alert"):
            assert f"Seq Scan on {table}" not in shown, (text, shown)
        assert statements <= 1, text
    query = QueryDict(ALL, mutable=True)
    query["q"] = device[1:]
    found = asked(query, ana).matching
    assert found.exists()


def test_a_text_that_names_much_reads_it_in_two_statements(ana: User) -> None:
    query = QueryDict(ALL, mutable=True)
    query["q"] = "assignee:ana,me,unassigned (entity:10.0.0.8 OR entity:fin-ws-17) mimikatz lsass -fin-ws"
    with CaptureQueriesContext(connection) as statements:
        asked(query, ana)
    assert len(statements) == 2
