"""Assigning an incident to a person or a team."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.commands import deactivate
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from incidents.commands import assign, unassign
from incidents.models import Incident
from tests.conftest import alert, device, opened


def test_its_alerts_are_assigned_too_each_with_its_own_entry(incident: Incident, ana: User, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assert {each.assignee_user for each in incident.alerts.all()} == {ana}
    entries = Entry.objects.of_incident(incident.pk).filter(verb="alert.assigned")
    assert [entry.subject_label for entry in entries.order_by("sequence")] == [
        "Encoded command",
        "Shadow copies deleted",
    ]


def test_the_entry_names_old_and_new(incident: Incident, ana: User, tier2: Team, lee: User) -> None:
    assign(incident, ana, actor=lee.as_actor())
    assign(incident, tier2, actor=lee.as_actor())
    entry = Entry.objects.of_incident(incident.pk).filter(verb="incident.assigned").latest("sequence")
    assert entry.changes == [
        {
            "field": "assignee",
            "old": {"kind": "user", "name": "ana", "label": "Ana Ruiz"},
            "new": {"kind": "team", "name": "tier2", "label": "Tier 2"},
        }
    ]


def test_a_team_takes_the_place_of_a_person(incident: Incident, ana: User, tier2: Team) -> None:
    assign(incident, ana, actor=ana.as_actor())
    saved = assign(incident, tier2, actor=ana.as_actor())
    assert (saved.assignee_user, saved.assignee_team, saved.assignee) == (None, tier2, tier2)


def test_unassigning_leaves_alerts_to_nobody(incident: Incident, tier2: Team, ana: User) -> None:
    assign(incident, tier2, actor=ana.as_actor())
    saved = unassign(incident, actor=ana.as_actor())
    assert saved.assignee is None
    assert {(each.assignee_user, each.assignee_team) for each in incident.alerts.all()} == {(None, None)}


def test_alerts_that_have_the_assignee_already_get_no_entry(incident: Incident, ana: User) -> None:
    incident.alerts.filter(external_id="1").update(assignee_user=ana)
    assign(incident, ana, actor=ana.as_actor())
    assert Entry.objects.of_incident(incident.pk).filter(verb="alert.assigned").count() == 1


def test_a_reader_is_refused_as_assignee(incident: Incident, vic: User, lee: User) -> None:
    with pytest.raises(Refused) as refused:
        assign(incident, vic, actor=lee.as_actor())
    assert refused.value.field == "assignee"
    assert "Vic Moreau" in refused.value.problem


def test_somebody_deactivated_is_refused_as_assignee(incident: Incident, ana: User, lee: User) -> None:
    with pytest.raises(Refused):
        assign(incident, deactivate(ana, actor=SYSTEM), actor=lee.as_actor())


def test_other_incidents_are_left_alone(incident: Incident, ana: User) -> None:
    other = opened(alert("other", entities=(device("dc-01"),)))
    assign(incident, ana, actor=ana.as_actor())
    other.refresh_from_db()
    assert other.assignee is None


def test_assign_to_me_takes_the_incident_on(incident: Incident, ana: User, sign_in: Callable[[User], Client]) -> None:
    answer = sign_in(ana).post(reverse("incidents:assign_to_me", args=[incident.pk]))
    assert answer.status_code == 302
    incident.refresh_from_db()
    assert incident.assignee_user == ana
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.assigned")
    assert (entry.actor_label, entry.channel) == ("Ana Ruiz", "page")


def test_a_reader_gets_403(incident: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    assert sign_in(vic).post(reverse("incidents:assign_to_me", args=[incident.pk])).status_code == 403
    incident.refresh_from_db()
    assert incident.assignee is None
