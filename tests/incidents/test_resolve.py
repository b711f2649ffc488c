"""Resolving an incident."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Entry
from alerts.choices import AlertStatus
from common.errors import Refused
from incidents.choices import IncidentStatus
from incidents.commands import resolve
from incidents.models import Incident


def test_it_requires_a_note(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused) as refused:
        resolve(incident, actor=ana.as_actor(), note="  ")
    assert refused.value.field == "resolution_note"
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.ACTIVE


def test_alerts_are_resolved_too_each_with_its_own_entry(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged the workstation.")
    assert set(incident.alerts.values_list("status", flat=True)) == {AlertStatus.RESOLVED}
    entries = Entry.objects.of_incident(incident.pk).filter(verb="alert.resolved")
    assert [entry.subject_label for entry in entries.order_by("sequence")] == [
        "Encoded command",
        "Shadow copies deleted",
    ]


def test_the_note_stands_in_the_log_and_on_the_incident(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged the workstation.")
    incident.refresh_from_db()
    entry = Entry.objects.get(incident=incident, verb="incident.resolved")
    assert incident.resolution_note == entry.body.text == "Reimaged the workstation."
    assert incident.resolved_by == entry.actor_label == "Ana Ruiz"


def test_resolving_twice_records_once(incident: Incident, ana: User) -> None:
    for _ in range(2):
        resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    assert Entry.objects.filter(incident=incident, verb="incident.resolved").count() == 1
