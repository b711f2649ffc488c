"""Incidents that only their members see."""

from __future__ import annotations

import pytest

from accounts.commands import create_token, deactivate
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.commands import lift_restriction, restrict, set_incident_members
from incidents.models import Incident
from tests.conftest import alert, device, opened


def seen_by(person: User) -> set[int]:
    return set(Incident.objects.visible_to(person).values_list("pk", flat=True))


def test_only_members_see_it(incident: Incident, ana: User, lee: User, rio: User, ada: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    assert [seen_by(each) for each in (ana, lee)] == [{incident.pk}] * 2
    assert [seen_by(each) for each in (rio, ada)] == [set()] * 2


def test_no_token_sees_it(incident: Incident, lee: User) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="lead")
    assert Incident.objects.visible_to(token).count() == 1
    restrict(incident, [lee], actor=lee.as_actor())
    assert Incident.objects.visible_to(token).count() == 0


def test_the_entry_names_the_members(incident: Incident, ana: User, lee: User) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.restricted")
    assert entry.changes == [
        {"field": "restricted", "old": False, "new": True},
        {"field": "members", "old": [], "new": ["ana", "lee"]},
    ]


def test_nobody_is_no_membership(incident: Incident, lee: User) -> None:
    with pytest.raises(Refused) as refused:
        restrict(incident, [], actor=lee.as_actor())
    assert refused.value.field == "members"
    incident.refresh_from_db()
    assert not incident.restricted


def test_members_can_be_exchanged(incident: Incident, ana: User, lee: User, rio: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    set_incident_members(incident, [lee, rio, rio], actor=lee.as_actor())
    assert (seen_by(ana), seen_by(rio)) == (set(), {incident.pk})
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.members_changed")
    assert entry.changes == [{"field": "members", "old": ["ana", "lee"], "new": ["lee", "rio"]}]


def test_members_belong_to_restricted_incidents_only(incident: Incident, lee: User) -> None:
    with pytest.raises(Refused, match="restrict it before"):
        set_incident_members(incident, [lee], actor=lee.as_actor())


def test_lifted_everyone_sees_it_and_members_are_gone(incident: Incident, lee: User, rio: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    lift_restriction(incident, actor=lee.as_actor())
    assert seen_by(rio) == {incident.pk}
    assert not incident.members.exists()


def test_a_deactivated_member_sees_nothing(incident: Incident, ana: User, lee: User) -> None:
    restrict(incident, [ana, lee], actor=lee.as_actor())
    assert seen_by(deactivate(ana, actor=SYSTEM)) == set()


def test_somebody_without_the_right_sees_nothing_even_as_member(incident: Incident, otto: User, lee: User) -> None:
    restrict(incident, [otto, lee], actor=lee.as_actor())
    assert seen_by(otto) == set()


def test_new_alerts_do_not_join_it(incident: Incident, lee: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    later = opened(alert("3", entities=(device("fin-ws-17"),)))
    assert later.pk != incident.pk
    assert later.related_to is None
