"""SQL that is composed once: the same question is not composed again, and nobody is given another's."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest
from django.db.models import Q
from django.db.models.sql.compiler import SQLCompiler
from django.http import QueryDict

from accounts.choices import Permission
from accounts.models import User
from alerts.filters.alert_filter import AlertFilter
from common.composed import Composed, Listed, kept, listed
from incidents.commands import change_tags, restrict, set_incident_members
from incidents.filters import IncidentFilter
from incidents.models import Incident
from incidents.queries.queue import queue_page
from tests.conftest import alert, device, opened


def numbers(user: User, query: str = "") -> list[int]:
    return [row.number for row in queue_page(QueryDict(query), user, "/incidents/").rows]


def test_what_is_kept_is_made_once() -> None:
    made: list[int] = []
    for _ in range(3):
        kept("the key of this test", lambda: made.append(1))
    assert made == [1]


def test_nothing_is_kept_without_a_key() -> None:
    made: list[int] = []
    for _ in range(3):
        kept(None, lambda: made.append(1))
    assert made == [1, 1, 1]


def test_what_is_kept_is_kept_with_the_connection_that_it_was_made_for() -> None:
    """In a loop of asyncio Django has another connection than the same thread has without."""
    made: list[int] = []

    def make() -> None:
        kept("the key of this other test", lambda: made.append(1))

    async def make_in_a_loop() -> None:
        make()

    make()
    asyncio.run(make_in_a_loop())
    assert made == [1, 1]
    make()
    assert made == [1, 1]


def test_a_composed_queryset_reads_what_is_there_each_time(incident: Incident, ana: User) -> None:
    names = Composed(Incident.objects.order_by("pk").values("name"))
    people = Composed(User.objects.select_related("role").filter(pk=ana.pk))
    assert [row["name"] for row in names] == [incident.name]
    Incident.objects.filter(pk=incident.pk).update(name="Another name")
    assert [row["name"] for row in names] == ["Another name"]
    (person,) = people
    assert (person, person.role.slug) == (ana, "analyst")


def test_what_cannot_be_is_not_asked(incident: Incident, django_assert_num_queries) -> None:
    nothing = Composed(Incident.objects.filter(pk__in=[]))
    with django_assert_num_queries(0):
        assert list(nothing) == []


def test_a_page_asked_for_again_composes_nothing_of_its_lists(incident: Incident, ana: User) -> None:
    def composed() -> int:
        with patch.object(SQLCompiler, "as_sql", autospec=True, side_effect=SQLCompiler.as_sql) as compiler:
            numbers(ana, "severity=high&status=any")
        return compiler.call_count

    first = composed()
    assert composed() < first


def test_two_people_are_never_given_the_same_statement(incident: Incident, ana: User, lee: User, rio: User) -> None:
    restrict(incident, [ana], actor=lee.as_actor())
    for _ in range(2):
        assert (numbers(ana), numbers(rio)) == ([incident.pk], [])
    set_incident_members(incident, [rio], actor=lee.as_actor())
    assert (numbers(ana), numbers(rio)) == ([], [incident.pk])


def test_a_right_that_is_dropped_is_dropped_at_once(incident: Incident, ana: User) -> None:
    assert numbers(ana) == [incident.pk]
    ana.role.permissions = [str(Permission.EDIT_INCIDENTS)]
    assert numbers(ana) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("severity=high", "severity=low"),
        ("severity=high", "severity=high&status=active"),
        ("q=encoded", "q=command"),
        ("alerts=2..", "alerts=3.."),
        ("commented=yes", "commented=no"),
        ("entity=fin-ws-17", "entity=fin-ws-18"),
        ('q="shadow copies"', 'q="shadow copy"'),
        ("q=NOT 4", "q=NOT 5"),
        ("task_assignee=me", "task_assignee=unassigned"),
    ],
)
def test_lists_that_differ_in_a_word_differ_in_their_key(incident: Incident, ana: User, one: str, other: str) -> None:
    keys = [IncidentFilter(QueryDict(query), principal=ana).listed.key for query in (one, other)]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    "query",
    [
        "severity=high&status=active&assignee=me&category=impact&sort=-severity",
        "entity=fin-ws-17",
        'q=encoded 4 "shadow copies" (tag:vip OR NOT ws-17)',
        "task_assignee=me",
    ],
)
def test_the_same_words_have_the_same_key(incident: Incident, ana: User, query: str) -> None:
    change_tags(incident, add=["vip"], actor=ana.as_actor())
    one, other = (IncidentFilter(QueryDict(query), principal=ana).listed.key for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)


def test_what_alerts_are_searched_for_has_a_key_too(incident: Incident, ana: User) -> None:
    for query in ("q=encoded ws-17", "entity=fin-ws-17", "restricted=no"):
        one, other = (AlertFilter(QueryDict(query), principal=ana).listed.key for _ in range(2))
        assert one == other


def test_a_name_that_comes_to_be_known_is_known_at_once(incident: Incident, ana: User) -> None:
    assert numbers(ana, "entity=ops-ws-01") == []
    found = opened(alert("9", entities=(device("ops-ws-01"),)))
    assert numbers(ana, "entity=ops-ws-01") == [found.pk]


def test_rows_narrowed_by_hand_are_not_known_by_the_address(ana: User) -> None:
    rows = Incident.objects.visible_to(ana).filter(Q(pk=1))
    assert IncidentFilter(QueryDict(), rows, principal=ana).listed.key is None
    assert listed(rows).make() is rows
    assert listed(Listed("key", lambda: rows)).key == "key"
