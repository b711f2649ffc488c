"""Taking a resolved incident up again."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.actors import CORRELATION, SYSTEM
from activity.models import Entry
from alerts.choices import AlertStatus
from common.errors import Refused
from incidents.choices import IncidentStatus
from incidents.commands import reopen, resolve, set_status
from incidents.models import Incident


@pytest.fixture
def resolved(incident: Incident, ana: User) -> Incident:
    return resolve(incident, actor=ana.as_actor(), note="Reimaged.")


def test_note_and_time_leave_the_incident_and_stay_in_the_log(resolved: Incident, ana: User) -> None:
    saved = reopen(resolved, actor=ana.as_actor())
    assert (saved.status, saved.resolution_note, saved.resolved_at, saved.resolved_by) == (1, "", None, "")
    assert Entry.objects.of_incident(resolved.pk).get(verb="incident.resolved").body.text == "Reimaged."


def test_it_is_recorded(resolved: Incident, lee: User) -> None:
    reopen(resolved, IncidentStatus.IN_PROGRESS, actor=lee.as_actor())
    entry = Entry.objects.of_incident(resolved.pk).get(verb="incident.reopened")
    assert entry.changes == [{"field": "status", "old": "resolved", "new": "in_progress"}]
    assert entry.actor_label == "Lee Park"


def test_its_alerts_stay_resolved(resolved: Incident, ana: User) -> None:
    reopen(resolved, actor=ana.as_actor())
    assert set(resolved.alerts.values_list("status", flat=True)) == {AlertStatus.RESOLVED}


def test_setting_the_status_of_a_resolved_incident_reopens_it(resolved: Incident, ana: User) -> None:
    set_status(resolved, IncidentStatus.ACTIVE, actor=ana.as_actor())
    assert Entry.objects.of_incident(resolved.pk).filter(verb="incident.reopened").count() == 1


@pytest.mark.parametrize("actor", [SYSTEM, CORRELATION])
def test_the_system_never_reopens(resolved: Incident, actor: object) -> None:
    for act in (reopen, lambda incident, actor: set_status(incident, IncidentStatus.ACTIVE, actor=actor)):
        with pytest.raises(Refused, match="system never reopens"):
            act(resolved, actor=actor)
    resolved.refresh_from_db()
    assert resolved.status == IncidentStatus.RESOLVED


def test_what_is_open_cannot_be_reopened(incident: Incident, ana: User) -> None:
    with pytest.raises(Refused, match="Only a resolved incident"):
        reopen(incident, IncidentStatus.IN_PROGRESS, actor=ana.as_actor())


@pytest.mark.parametrize("status", [IncidentStatus.RESOLVED, IncidentStatus.REDIRECTED])
def test_a_status_that_has_its_own_command_is_refused(incident: Incident, ana: User, status: IncidentStatus) -> None:
    with pytest.raises(Refused) as refused:
        set_status(incident, status, actor=ana.as_actor())
    assert refused.value.field == "status"


def test_resolved_again_it_has_a_note_of_its_own(resolved: Incident, ana: User, lee: User) -> None:
    reopen(resolved, actor=ana.as_actor())
    saved = resolve(resolved, actor=lee.as_actor(), note="This time for good.")
    assert (saved.resolution_note, saved.resolved_by) == ("This time for good.", "Lee Park")
