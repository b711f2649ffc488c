"""The queue's page under several filters, against the SQL that it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from benchmarks.measure import Row, Work, compared, statements, times_in_turn
from common.pagination import page_of_ids
from incidents.filters import IncidentFilter, with_defaults
from incidents.models import Incident
from incidents.queries.queue import DEFAULT_ORDER, ORDERS

PATH = "/incidents/"
USER = "analyst01"
RARE_TAGS = ["tag-480", "tag-495"]
COMMON_TAGS = ["tag-001", "tag-004"]

LIST = """
SELECT id, name, severity, status, classification, last_activity, alerts_active, alerts_total, service_sources,
       categories, asset_counts, tag_ids, assignee_user_id
FROM incidents_incident WHERE status IN (1, 2) AND severity IN (2, 3, 4)
ORDER BY last_activity DESC, id DESC LIMIT 51
"""
COUNT = """
SELECT count(*) FROM (
    SELECT FROM incidents_incident WHERE status IN (1, 2) AND severity IN (2, 3, 4) LIMIT 1001) AS counted
"""

VIEWS: dict[str, dict[str, Any]] = {
    "default": {},
    "by severity": {"sort": "-severity"},
    "severity": {"severity": ["medium", "high"]},
    "three assignees": {"assignee": ["analyst05", "analyst20", "team:desk3"]},
    "two rare tags": {"tag": RARE_TAGS},
    "five filters": {
        "severity": ["medium", "high"],
        "assignee": ["analyst02", "analyst10", "unassigned"],
        "tag": COMMON_TAGS,
        "last_activity": "30d",
        "classification": "not_set",
    },
    "archive": {"status": "any", "severity": "any"},
    "archive, three assignees": {
        "status": "any",
        "severity": "any",
        "assignee": ["analyst05", "analyst20", "team:desk3"],
    },
    "archive, rare tag": {"status": "resolved", "severity": "any", "tag": RARE_TAGS[:1]},
    "archive, two rare tags": {"status": "resolved", "severity": "any", "tag": RARE_TAGS},
}


def measure(rounds: int) -> Iterator[Row]:
    user = User.objects.get(username=USER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    for name, filters in VIEWS.items():
        yield from _view(name, filters, client, rounds)
    yield from _depth(client, user, rounds)


def _view(name: str, filters: dict[str, Any], client: Client, rounds: int) -> Iterator[Row]:
    """The page against bare SQL, and against bare SQL, rows written plainly and an empty page together."""
    page, floor, whole = _page(client, filters), partial(_floor, False), partial(_whole_floor, client)
    pages, floors, wholes = times_in_turn([page, floor, whole], rounds)
    yield compared(f"queue, {name}", pages, floors)
    yield compared(f"queue, {name}, against an empty page with plain rows", pages, wholes)
    with statements() as asked:
        page()
    yield Row(f"queue, {name}, statements", len(asked.sql), "statements")
    in_database = []
    for _ in range(rounds):
        with statements() as asked:
            page()
        in_database.append(asked.milliseconds)
    yield compared(f"queue, {name}, in the database", in_database, floors)


def _page(client: Client, filters: dict[str, Any]) -> Work:
    address = f"{PATH}?{urlencode(filters, doseq=True)}"

    def page() -> None:
        response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answers {response.status_code}")

    return page


def _floor(with_rows: bool) -> None:
    """The list and its capped count, asked for as plainly as can be; with its rows as text where wanted."""
    with connection.cursor() as cursor:
        cursor.execute(LIST)
        rows = cursor.fetchall()
        cursor.execute(COUNT)
        cursor.fetchone()
    if with_rows:
        "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in rows)


def _whole_floor(client: Client) -> None:
    client.get("/healthz")
    _floor(True)


def _depth(client: Client, user: User, rounds: int) -> Iterator[Row]:
    """A page in the middle of everything against the first one."""
    filters = {"status": "any", "severity": "any"}
    middle = _cursor_in_the_middle(user, filters)
    first, deep = times_in_turn([_page(client, filters), _page(client, filters | {"after": middle})], rounds)
    yield compared("queue, page in the middle of the archive, against the first", deep, first)


def _cursor_in_the_middle(user: User, filters: dict[str, str]) -> str:
    half = Incident.objects.count() // 2
    query = with_defaults(QueryDict(urlencode(filters)))
    matching = IncidentFilter(query, Incident.objects.visible_to(user), principal=user).qs
    row = Incident.objects.order_by("-last_activity", "-id")[half : half + 1].get()
    before = matching.filter(last_activity__lte=row.last_activity)
    return page_of_ids(before, ORDERS[DEFAULT_ORDER], size=1).next
