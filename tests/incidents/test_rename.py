"""Naming an incident by hand, and giving the name back to the system."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Entry
from common.errors import Refused
from incidents.commands import rename, use_automatic_name
from incidents.models import Incident, IncidentSearch
from tests.conftest import alert, device, opened


def test_the_entry_says_that_the_name_is_by_hand_now(incident: Incident, ana: User) -> None:
    automatic = incident.name
    rename(incident, "Intrusion at finance", actor=ana.as_actor())
    assert Entry.objects.of_incident(incident.pk).get(verb="incident.renamed").changes == [
        {"field": "name", "old": automatic, "new": "Intrusion at finance"},
        {"field": "name_is_manual", "old": False, "new": True},
    ]


def test_space_is_tidied(incident: Incident, ana: User) -> None:
    assert rename(incident, "  Intrusion\n at\tfinance ", actor=ana.as_actor()).name == "Intrusion at finance"


@pytest.mark.parametrize("name", ["", "  \t ", "x" * 501])
def test_empty_and_endless_names_are_refused(incident: Incident, ana: User, name: str) -> None:
    with pytest.raises(Refused) as refused:
        rename(incident, name, actor=ana.as_actor())
    assert refused.value.field == "name"


def test_a_name_with_a_nul_character_is_refused(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused) as refused:
        rename(incident, "In\x00trusion", actor=ana.as_actor())
    assert refused.value.field == "name"


def test_500_characters_are_kept_whole(incident: Incident, ana: User) -> None:
    assert rename(incident, "é" * 500, actor=ana.as_actor()).name == "é" * 500


def test_the_same_name_is_no_change(incident: Incident, ana: User) -> None:
    saved = rename(incident, incident.name, actor=ana.as_actor())
    assert saved.version == incident.version
    assert not saved.name_is_manual


def test_new_alerts_leave_a_name_by_hand_alone(incident: Incident, ana: User) -> None:
    rename(incident, "Intrusion at finance", actor=ana.as_actor())
    grown = opened(alert("3", title="Phishing mail", categories=("initial_access",), entities=(device("fin-ws-17"),)))
    assert grown.pk == incident.pk
    assert grown.name == "Intrusion at finance"
    assert "Initial access" in grown.automatic_name


def test_the_automatic_name_comes_back_as_it_has_become(incident: Incident, ana: User) -> None:
    rename(incident, "Intrusion at finance", actor=ana.as_actor())
    grown = opened(alert("3", title="Beacon", categories=("initial_access",), entities=(device("fin-ws-17"),)))
    saved = use_automatic_name(incident, actor=ana.as_actor())
    assert saved.name == grown.automatic_name
    assert "Initial access" in saved.name
    assert not saved.name_is_manual


def test_it_is_found_by_the_new_name(incident: Incident, ana: User) -> None:
    rename(incident, "Zebra hunt", actor=ana.as_actor())
    words = IncidentSearch.objects.get(incident=incident).words
    assert "'zebra'" in words
    assert "'fin-ws-17'" in words
