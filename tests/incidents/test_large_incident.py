"""What a large incident costs: as many statements as a small one, none of which reads a whole table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from benchmarks.large_incident import large_incident
from incidents.models import Incident

MOST_STATEMENTS = 12
PAGES = (
    "alerts", "alerts?sort=-severity", "assets", "assets?type=device", "evidence", "evidence?type=ip&verdict=malicious",
    "evidence?q=domain-1",
)  # fmt: skip


@pytest.fixture
def large(db: None) -> Incident:
    large_incident(alerts=300, entities=200)
    return large_incident(alerts=1_500, entities=800)


@pytest.mark.parametrize("page", PAGES)
def test_a_tab_takes_few_statements_and_reads_what_is_the_incidents(
    large: Incident, ana: User, sign_in: Callable[[User], Client], page: str
) -> None:
    client = sign_in(ana)
    name, _, query = page.partition("?")
    address = f"{reverse(f'incidents:{name}', args=[large.pk])}?{query}"
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    assert len(captured) <= MOST_STATEMENTS
    about = [each["sql"] for each in captured if "alerts_evidence" in each["sql"] or "alerts_alert" in each["sql"]]
    with connection.cursor() as cursor:
        # so small a table is read whole for want of a larger one: the question is whether an index serves
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in about:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on alerts_" not in plan, sql
