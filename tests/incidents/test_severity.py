"""Severity by hand, and the highest of the alerts."""

from __future__ import annotations

from accounts.models import User
from activity.models import Entry
from alerts.choices import Severity
from incidents.commands import set_severity, use_automatic_severity
from incidents.models import Incident
from tests.conftest import alert, device, opened


def test_it_starts_as_the_highest_of_the_alerts(incident: Incident) -> None:
    assert incident.severity == Severity.HIGH
    assert not incident.severity_is_manual


def test_a_graver_alert_raises_it(db: None) -> None:
    first = opened(alert("1", severity=Severity.LOW, entities=(device("fin-ws-17"),)))
    grown = opened(alert("2", severity=Severity.HIGH, entities=(device("fin-ws-17"),)))
    assert (first.pk, first.severity, grown.severity) == (grown.pk, Severity.LOW, Severity.HIGH)


def test_the_entry_says_that_it_is_by_hand_now(incident: Incident, ana: User) -> None:
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    assert Entry.objects.of_incident(incident.pk).get(verb="incident.severity_set").changes == [
        {"field": "severity", "old": "high", "new": "low"},
        {"field": "severity_is_manual", "old": False, "new": True},
    ]


def test_by_hand_it_stays_whatever_alerts_come(incident: Incident, ana: User) -> None:
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    grown = opened(alert("3", severity=Severity.HIGH, entities=(device("fin-ws-17"),)))
    assert (grown.pk, grown.severity, grown.automatic_severity) == (incident.pk, Severity.LOW, Severity.HIGH)


def test_given_back_it_follows_the_alerts_again(db: None, ana: User) -> None:
    first = opened(alert("1", severity=Severity.LOW, entities=(device("fin-ws-17"),)))
    set_severity(first, Severity.INFORMATIONAL, actor=ana.as_actor())
    opened(alert("2", severity=Severity.MEDIUM, entities=(device("fin-ws-17"),)))
    saved = use_automatic_severity(first, actor=ana.as_actor())
    assert saved.severity == Severity.MEDIUM
    grown = opened(alert("3", severity=Severity.HIGH, entities=(device("fin-ws-17"),)))
    assert grown.severity == Severity.HIGH


def test_given_back_at_the_same_height_only_the_mark_changes(incident: Incident, ana: User) -> None:
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    set_severity(incident, Severity.HIGH, actor=ana.as_actor())
    use_automatic_severity(incident, actor=ana.as_actor())
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.automatic_severity_used")
    assert entry.changes == [{"field": "severity_is_manual", "old": True, "new": False}]
