"""Rows added in one statement are those that Django would have added one by one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Body, Entry
from activity.record import Draft, record
from activity.verbs import COMMENTED
from alerts.models import Alert, AlertPayload, Evidence
from common.inserting import insert, insert_values, reserve
from incidents.models import Incident

pytestmark = pytest.mark.django_db

ODD: dict[str, Any] = {
    "text": "“quoted” \\ 'single' \"double\" {brace} %s \u2028 \U0001f600",
    "list": [1, 2.5, None, True],
    "deep": {"a": {"b": []}},
}


def test_every_kind_of_value_arrives_as_it_was(incident: Incident, ana: User) -> None:
    """Texts, numbers, lists, times, references, nothing at all."""
    now = timezone.now()
    like = incident.alerts.order_by("pk")[0]
    values = {
        field.attname: getattr(like, field.attname) for field in Alert._meta.concrete_fields if field.attname != "id"
    }
    odd = values | {
        "external_id": "odd",
        "title": ODD["text"],
        "categories": ["a,b", 'c"d', "{e}"],
        "assignee_user_id": ana.pk,
        "first_activity": now,
        "last_activity": now,
    }
    first, second = insert([Alert(**odd), Alert(**values | {"external_id": "plain", "categories": []})])
    insert([AlertPayload(alert_id=first.pk, raw=ODD), AlertPayload(alert_id=second.pk, raw={})])
    stored = Alert.objects.select_related("payload").get(external_id="odd")
    assert stored.pk == first.pk != second.pk
    assert {name: getattr(stored, name) for name in odd} == odd
    assert stored.payload.raw == ODD
    assert Alert.objects.get(pk=second.pk).categories == []


def test_a_row_may_refer_to_a_text_that_was_stored_a_moment_before() -> None:
    entry = record(Draft(COMMENTED, SYSTEM, text="First words"))
    stored = Entry.objects.select_related("body").get(pk=entry.pk)
    assert stored.body == Body.objects.get() and stored.body.text == "First words"
    assert len(stored.hash) == 32


def test_what_no_text_can_hold_is_refused_by_the_database(incident: Incident) -> None:
    with pytest.raises(DataError, match="u0000"):
        insert([AlertPayload(alert_id=incident.alerts.order_by("-pk")[0].pk + 1, raw={"a": "\x00"})])


def test_rows_of_several_models_come_in_one_statement_and_keep_the_models_defaults(
    incident: Incident, django_assert_num_queries: Any
) -> None:
    like = incident.alerts.order_by("pk")[0]
    evidence = Evidence.objects.filter(alert=like)[0]
    first, second = reserve(Alert, 2)
    values = {
        field.attname: getattr(like, field.attname) for field in Alert._meta.concrete_fields if field.attname != "id"
    }
    new = [Alert(**values | {"id": key, "external_id": f"new {key}"}) for key in (first, second)]
    assert [row.pk for row in insert(new)] == [first, second]
    piece = {"entity_id": evidence.entity_id, "incident_number": incident.pk, "event_time": like.last_activity}
    with django_assert_num_queries(1):
        insert_values(
            {
                AlertPayload: [{"alert_id": first, "raw": ODD}, {"alert_id": second, "raw": {}}],
                Evidence: [piece | {"alert_id": second, "roles": ("attacked",)}],
                Body: [],
            }
        )
    assert Alert.objects.get(pk=first).payload.raw == ODD
    stored = Evidence.objects.get(alert=second)
    assert (stored.roles, stored.verdict, stored.details) == (["attacked"], "unknown", {})


def test_nothing_is_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert insert([]) == reserve(Alert, 0) == []
        insert_values({Alert: []})
