"""Setting the status of single alerts; the last one resolved resolves the incident (DESIGN 4.3)."""

from __future__ import annotations

from accounts.models import User
from activity.models import Entry
from alerts.choices import AlertStatus
from incidents import summary
from incidents.choices import IncidentStatus
from incidents.commands import resolve, set_alert_status
from incidents.models import Incident
from tests.conftest import alert, device, opened


def ids(incident: Incident) -> list[int]:
    return list(incident.alerts.order_by("pk").values_list("pk", flat=True))


def test_one_of_two_leaves_the_incident_open(incident: Incident, ana: User) -> None:
    saved = set_alert_status(incident, ids(incident)[:1], AlertStatus.RESOLVED, actor=ana.as_actor())
    assert (saved.status, saved.alerts_active, saved.version) == (IncidentStatus.ACTIVE, 1, 2)


def test_the_last_one_lets_the_system_resolve_the_incident(incident: Incident, ana: User) -> None:
    first, second = ids(incident)
    set_alert_status(incident, [first], AlertStatus.RESOLVED, actor=ana.as_actor())
    saved = set_alert_status(incident, [second], AlertStatus.RESOLVED, actor=ana.as_actor())
    assert (saved.status, saved.resolved_by) == (IncidentStatus.RESOLVED, "Watchfloor")
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.resolved")
    assert (entry.actor_kind, entry.body.text) == ("system", "All alerts of this incident are resolved.")


def test_each_alert_has_its_own_entry_in_one_batch(incident: Incident, ana: User) -> None:
    set_alert_status(incident, ids(incident), AlertStatus.RESOLVED, actor=ana.as_actor())
    entries = Entry.objects.of_incident(incident.pk).filter(sequence__gt=1).order_by("sequence")
    assert [entry.verb for entry in entries] == ["alert.resolved", "alert.resolved", "incident.resolved"]
    assert len({entry.batch for entry in entries}) == 1


def test_what_has_the_status_is_left_alone(incident: Incident, ana: User) -> None:
    before = Entry.objects.count()
    saved = set_alert_status(incident, ids(incident), AlertStatus.NEW, actor=ana.as_actor())
    assert (saved.version, Entry.objects.count()) == (1, before)


def test_alerts_of_other_incidents_are_out_of_reach(incident: Incident, ana: User) -> None:
    other = opened(alert("other", entities=(device("dc-01"),)))
    set_alert_status(incident, ids(other), AlertStatus.RESOLVED, actor=ana.as_actor())
    assert set(other.alerts.values_list("status", flat=True)) == {AlertStatus.NEW}


def test_an_alert_taken_up_again_leaves_a_resolved_incident_resolved(incident: Incident, ana: User) -> None:
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    saved = set_alert_status(incident, ids(incident)[:1], AlertStatus.IN_PROGRESS, actor=ana.as_actor())
    assert (saved.status, saved.alerts_active) == (IncidentStatus.RESOLVED, 1)
    assert Entry.objects.of_incident(incident.pk).filter(verb="alert.reopened").count() == 1
    assert summary.differences([saved]) == []


def test_resolved_alerts_have_a_time_and_others_none(incident: Incident, ana: User) -> None:
    first, _ = ids(incident)
    for status in (AlertStatus.RESOLVED, AlertStatus.IN_PROGRESS):
        set_alert_status(incident, [first], status, actor=ana.as_actor())
        resolved_at = incident.alerts.get(pk=first).resolved_at
        assert (resolved_at is not None) == (status == AlertStatus.RESOLVED)
