"""Facets: what alerts, devices and comments say of an incident, as words that one index serves."""

from __future__ import annotations

from accounts.models import User
from alerts.choices import Severity
from entities import identity
from incidents.commands import add_comment, edit_comment, remove_comment
from incidents.facets import COMMENTED, LONGEST, Facet, facet
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened


def words(incident: Incident) -> set[str]:
    incident.refresh_from_db()
    return set(incident.facets)


def test_alerts_say_severity_source_category_and_technique(db: None) -> None:
    incident = opened(
        alert(
            severity=Severity.LOW,
            detection_source="Scheduled rule",
            categories=("impact",),
            techniques=("T1059.001", "T1486"),
        )
    )
    assert words(incident) == {
        "alert_severity:low",
        "detection_source:Scheduled rule",
        "category:impact",
        "technique:T1059",
        "technique:T1059.001",
        "technique:T1486",
    }


def test_devices_say_group_and_platform(db: None) -> None:
    server = identity.device(hostname="srv", attributes={"os": "Windows Server 2022", "device_group": "Servers"})
    incident = opened(alert(entities=(server, device("plain"))))
    assert {"os_platform:Windows Server 2022", "device_group:Servers"} <= words(incident)


def test_a_later_alert_adds_its_facts(incident: Incident) -> None:
    opened(alert("3", entities=(device("fin-ws-17"),), at=NOON, severity=Severity.INFORMATIONAL))
    assert {"alert_severity:high", "alert_severity:informational"} <= words(incident)


def test_a_comment_is_a_fact_until_the_last_one_is_removed(incident: Incident, ana: User) -> None:
    assert COMMENTED not in words(incident)
    first = add_comment(incident, "Looking.", actor=ana.as_actor())
    second = add_comment(incident, "Still looking.", actor=ana.as_actor())
    edit_comment(incident, second, "Found it.", actor=ana.as_actor())
    opened(alert("3", entities=(device("fin-ws-17"),)))
    assert COMMENTED in words(incident)
    remove_comment(incident, first, actor=ana.as_actor())
    assert COMMENTED in words(incident)
    remove_comment(incident, second, actor=ana.as_actor())
    assert COMMENTED not in words(incident)


def test_a_long_value_is_cut_where_the_column_ends() -> None:
    assert len(facet(Facet.DEVICE_GROUP, "x" * 500)) == LONGEST
