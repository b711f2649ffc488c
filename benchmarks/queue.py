"""The queue's page under many filters, against the least that any such page must do.

The floor of a view is done in the same round, alternating: the bare SQL of its rows and of their capped count, the same
rows written as plain HTML once, and an empty page of the same server.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from alerts.models import Evidence
from benchmarks.measure import Row, Work, compared, statements, times_in_turn
from common.composed import forget
from common.pagination import page_of_ids
from entities.choices import EntityKind
from entities.models import Entity
from incidents.filters import IncidentFilter, with_defaults
from incidents.forms.manage import ManageForm
from incidents.models import Incident
from incidents.queries.queue import DEFAULT_ORDER, ORDERS, PAGE_SIZE

PATH = "/incidents/"
USER = "analyst01"
MARK = "seen by the benchmark"
COUNTED_UP_TO = 1_001
RARE_TAGS = ["tag-480", "tag-495"]
COMMON_TAGS = ["tag-001", "tag-004"]
ASSIGNEES = ["analyst05", "analyst20", "team:desk3"]
COLUMNS = (
    *("id", "name", "severity", "status", "classification", "last_activity", "alerts_active", "alerts_total"),
    *("service_sources", "categories", "asset_counts", "tag_ids", "assignee_user_id"),
)
Filters = dict[str, Any]

OPEN: dict[str, Filters] = {
    "default": {},
    "by severity": {"sort": "-severity"},
    "by priority": {"sort": "-priority"},
    "severity": {"severity": ["medium", "high"]},
    "alert severity": {"alert_severity": "high"},
    "mine": {"assignee": "me"},
    "unassigned": {"assignee": "unassigned"},
    "three assignees": {"assignee": ASSIGNEES},
    "two common tags": {"tag": COMMON_TAGS},
    "two rare tags": {"tag": RARE_TAGS},
    "both of two tags": {"tag_all": COMMON_TAGS},
    "without a tag": {"tag_none": COMMON_TAGS[:1]},
    "classification": {"classification": "not_set"},
    "service source": {"source": "Mail gateway"},
    "category": {"category": "impact"},
    "technique": {"technique": "T1486"},
    "device group": {"device_group": "site fin"},
    "platform": {"os_platform": "macOS 15"},
    "created": {"created": "7d"},
    "updated": {"updated": "3d"},
    "number of alerts": {"alerts": "10.."},
    "priority": {"priority": "high"},
    "severity and assignee": {"severity": "high", "assignee": "me"},
    "category and time": {"category": "credential_access", "last_activity": "30d"},
    "five filters": {
        "severity": ["medium", "high"],
        "assignee": ["analyst02", "analyst10", "unassigned"],
        "tag": COMMON_TAGS,
        "last_activity": "30d",
        "classification": "not_set",
    },
    "five other filters": {
        "alert_severity": "high",
        "category": ["impact", "credential_access"],
        "source": "Endpoint sensor",
        "assignee": [*ASSIGNEES, "unassigned"],
        "created": "180d",
    },
    "search text": {"q": "(tag:tag-002 OR severity:high) NOT category:discovery"},
}
ANY_AGE = {"status": "any", "severity": "any"}
ARCHIVE: dict[str, Filters] = {
    "all": ANY_AGE,
    "three assignees": ANY_AGE | {"assignee": ASSIGNEES},
    "resolved by": {"status": "resolved", "severity": "any", "resolved_by": "analyst33"},
    "a rare tag": {"status": "resolved", "severity": "any", "tag": RARE_TAGS[:1]},
    "two rare tags": {"status": "resolved", "severity": "any", "tag": RARE_TAGS},
    "a rare technique": ANY_AGE | {"technique": "T1490"},
    "technique and group": ANY_AGE | {"technique": "T1003.001", "device_group": "site lab"},
    "words": ANY_AGE | {"q": "shadow copies"},
}


def measure(rounds: int) -> Iterator[Row]:
    user = User.objects.get(username=USER)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    for group, views in (("queue", OPEN | {"entity": {"entity": _device()}}), ("queue, archive", ARCHIVE)):
        for name, filters in views.items():
            yield from _view(f"{group}, {name}", filters, client, user, rounds)
    yield from _archive_of_an_entity(client, user, rounds)
    yield from _depth(client, user, rounds)
    yield from _pane(client, rounds)


def _view(name: str, filters: Filters, client: Client, user: User, rounds: int) -> Iterator[Row]:
    page = _page(client, filters)
    yield compared(name, *times_in_turn([page, _floor(client, user, filters)], rounds))
    with statements() as asked:
        page()
    yield Row(f"{name}, statements", len(asked.sql), "statements")
    if not filters:
        first = _first_asked(page)
        yield compared(f"{name}, asked for the first time", *times_in_turn([first, page], rounds))
        response = client.get(PATH)
        yield Row(f"{name}, page compressed", len(gzip.compress(response.content, 6)) / 1024, "KB")


def _first_asked(page: Work) -> Work:
    """The page in a process that was not asked for it before."""

    def first() -> None:
        forget()
        page()

    return first


def _page(client: Client, filters: Filters) -> Work:
    address = f"{PATH}?{urlencode(filters, doseq=True)}"

    def page() -> None:
        response = client.get(address)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answers {response.status_code}")

    return page


def _floor(client: Client, user: User, filters: Filters) -> Work:
    """What a page of this view cannot do without, done as plainly as can be."""
    query = with_defaults(QueryDict(urlencode(filters, doseq=True)))
    matching = IncidentFilter(query, Incident.objects.visible_to(user), principal=user)
    matching.check()
    order = ORDERS[query.get("sort", DEFAULT_ORDER)]
    listed = matching.qs.order_by(*order.expressions()).values_list(*COLUMNS)[: PAGE_SIZE + 1]
    counted = matching.qs.order_by().values("pk")[:COUNTED_UP_TO]
    list_sql, list_values = listed.query.sql_with_params()
    count_sql, count_values = counted.query.sql_with_params()

    def floor() -> None:
        with connection.cursor() as cursor:
            cursor.execute(list_sql, list_values)
            rows = cursor.fetchall()
            cursor.execute(f"SELECT count(*) FROM ({count_sql}) AS counted", count_values)
            cursor.fetchone()
        "".join(f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row)}</tr>" for row in rows)
        client.get("/healthz")

    return floor


def _device() -> str:
    """One that a fair number of incidents are about."""
    device = Entity.objects.filter(kind=EntityKind.DEVICE).order_by("pk")[20]
    return f"device:{device.key}"


def _archive_of_an_entity(client: Client, user: User, rounds: int) -> Iterator[Row]:
    device = Entity.objects.filter(kind=EntityKind.DEVICE).order_by("pk")[20]
    number = Evidence.objects.filter(entity=device).values("incident_number").distinct().count()
    yield Row("queue, archive, an entity, incidents it is in", number, "incidents")
    yield from _view("queue, archive, an entity", ANY_AGE | {"entity": f"device:{device.key}"}, client, user, rounds)


def _depth(client: Client, user: User, rounds: int) -> Iterator[Row]:
    """A page in the middle of everything against the first one."""
    middle = _cursor_in_the_middle(user)
    first, deep = times_in_turn([_page(client, ANY_AGE), _page(client, ANY_AGE | {"after": middle})], rounds)
    yield compared("queue, page in the middle of the archive, against the first", deep, first)


def _cursor_in_the_middle(user: User) -> str:
    half = Incident.objects.count() // 2
    query = with_defaults(QueryDict(urlencode(ANY_AGE)))
    matching = IncidentFilter(query, Incident.objects.visible_to(user), principal=user).qs
    row = Incident.objects.order_by("-last_activity", "-id")[half : half + 1].get()
    before = matching.filter(last_activity__lte=row.last_activity)
    return page_of_ids(before, ORDERS[DEFAULT_ORDER], size=1).next


def _pane(client: Client, rounds: int) -> Iterator[Row]:
    """Opening the details of incidents and saving one field of them, against an empty page; what nobody has looked at
    for long has to come from the disk first, so each is told twice."""
    numbers = list(Incident.objects.open().filter(restricted=False).order_by("-last_activity").values_list("pk")[:200])
    looked_at = [number for (number,) in numbers][: rounds + 5]
    forms = {number: _form(number) for number in looked_at}

    def details(number: int) -> None:
        _answered(client.get(f"{PATH}{number}/details/", headers={"HX-Request": "true"}), number)

    def save(number: int) -> None:
        _answered(client.post(f"{PATH}{number}/manage/", forms[number], headers={"HX-Request": "true"}), number)

    for how in ("of incidents nobody has opened", "of incidents opened before"):
        yield compared(f"queue, details {how}", *times_in_turn([_each(details, looked_at), _empty(client)], rounds))
    for how in ("for the first time", "once more"):
        forms |= {number: _form(number) for number in looked_at}
        yield compared(
            f"queue, one field saved {how}", *times_in_turn([_each(save, looked_at), _empty(client)], rounds)
        )


def _each(work: Callable[[int], None], numbers: Sequence[int]) -> Work:
    """The work on one incident after the other."""
    turn = cycle(numbers)
    return lambda: work(next(turn))


def _empty(client: Client) -> Work:
    return lambda: _answered(client.get("/healthz"), 0)


def _answered(response: Any, number: int) -> None:
    if response.status_code != 200:
        raise RuntimeError(f"what was asked of #{number} answers {response.status_code}")


def _form(number: int) -> dict[str, Any]:
    """The Manage form as its page fills it in, with a tag more, or without it where it has that."""
    form = ManageForm(Incident.objects.select_related("assignee_user", "assignee_team").get(pk=number))
    values = {name: form[name].value() for name in form.fields}
    filled = {name: value for name, value in values.items() if value not in (None, False)}
    tags = values["tags"] or ()
    return filled | {"tags": [tag for tag in tags if tag != MARK] if MARK in tags else [*tags, MARK]}
