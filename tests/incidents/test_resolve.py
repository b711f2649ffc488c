"""Resolving an incident."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from activity.models import Entry
from alerts.choices import AlertStatus
from common.errors import Refused
from incidents.choices import IncidentStatus
from incidents.commands import resolve, set_alert_status
from incidents.models import Incident
from tests.conftest import alert, device, opened
from tests.incidents.rows import row, stored


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


def test_only_alerts_that_are_active_get_an_entry(incident: Incident, ana: User) -> None:
    set_alert_status(incident, [incident.alerts.get(external_id="1").pk], AlertStatus.RESOLVED, actor=ana.as_actor())
    last = Entry.objects.latest("pk").pk
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    entries = Entry.objects.filter(pk__gt=last).order_by("pk")
    assert [(entry.verb, entry.subject_label) for entry in entries] == [
        ("incident.resolved", ""),
        ("alert.resolved", "Shadow copies deleted"),
    ]
    assert len({entry.batch for entry in entries}) == 1


@pytest.mark.parametrize("note", ["x" * 30_001, "a\x00b"])
def test_a_note_that_cannot_be_kept_is_refused(incident: Incident, ana: User, note: str) -> None:
    with pytest.raises(Refused) as refused:
        resolve(incident, actor=ana.as_actor(), note=note)
    assert refused.value.field == "resolution_note"


def test_merged_away_it_cannot_be_resolved(incident: Incident, ana: User) -> None:
    (gone,) = stored([row(status=IncidentStatus.REDIRECTED, redirected_to=incident)])
    with pytest.raises(Refused, match="merged into another"):
        resolve(gone, actor=ana.as_actor(), note="Done")


def test_a_later_related_alert_opens_a_new_incident_that_names_it(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    later = opened(alert("3", entities=(device("fin-ws-17"),)))
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.RESOLVED
    assert later.pk != incident.pk
    assert later.related_to == incident


def test_a_reader_gets_403(incident: Incident, vic: User, sign_in: Callable[[User], Client]) -> None:
    answer = sign_in(vic).post(
        reverse("incidents:manage", args=[incident.pk]), {"status": "resolved", "resolution_note": "x"}
    )
    assert answer.status_code == 403
    incident.refresh_from_db()
    assert incident.status == IncidentStatus.ACTIVE
