"""What alerts can be filtered by: each key finds what it says, and refuses what means nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from accounts.commands import create_token
from accounts.models import Team, User
from activity.actors import SYSTEM
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from alerts.queries.queue import asked
from common.query_strings import UnknownKeys
from incidents.changes import AlertChanges
from incidents.commands import manage_alerts, restrict
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened, user_entity

EVERYTHING = "status=any&severity=any"


@pytest.fixture
def world(ana: User, lee: User, tier2: Team) -> dict[str, int]:
    """External id → number of an alert, each with something of its own."""
    opened(
        alert(
            "beacon",
            title="Beacon to “evil.example”",
            severity=Severity.HIGH,
            entities=(device("fin-ws-17"), user_entity("eve@example.org")),
            categories=("command_and_control",),
            techniques=("T1071.001",),
            service_source="Network sensor",
            detection_source="Signature",
        )
    )
    opened(alert("spray", title="Password spray", entities=(device("dc-01"),), at=NOON - timedelta(days=40)))
    opened(alert("quiet", title="Rare tool", severity=Severity.INFORMATIONAL, entities=(device("lab-3"),)))
    opened(alert("done", title="Old beaconing", entities=(device("web-9"),), status=AlertStatus.RESOLVED))
    numbers = dict(Alert.objects.values_list("external_id", "pk"))
    manage_alerts(
        [numbers["spray"]],
        AlertChanges(
            status=AlertStatus.IN_PROGRESS,
            assignee=tier2,
            classification=Classification.TRUE_POSITIVE,
            determination=Determination.COMPROMISED_ACCOUNT,
        ),
        actor=lee.as_actor(),
    )
    manage_alerts([numbers["beacon"]], AlertChanges(assignee=ana), actor=lee.as_actor())
    return numbers


def found(query: str, user: User) -> set[str]:
    return set(asked(QueryDict(query), user).matching.values_list("external_id", flat=True))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "beacon spray"),
        ("status=new", "beacon"),
        ("status=active", "beacon"),
        ("status=in_progress", "spray"),
        ("status=resolved", "done"),
        ("severity=any", "beacon spray quiet"),
        (EVERYTHING, "beacon spray quiet done"),
        ("severity=high", "beacon"),
        ("severity=informational", "quiet"),
        ("assignee=me", "beacon"),
        ("assignee=team:tier2", "spray"),
        ("assignee=ana&assignee=team:tier2", "beacon spray"),
        (f"{EVERYTHING}&assignee=unassigned", "quiet done"),
        ("classification=true_positive", "spray"),
        ("determination=compromised_account", "spray"),
        ("source=Network%20sensor", "beacon"),
        ("source=network%20SENSOR", "beacon"),
        ("detection_source=Signature", "beacon"),
        ("category=command_and_control", "beacon"),
        ("category=impact", ""),
        ("technique=T1071", "beacon"),
        ("technique=t1071.001", "beacon"),
        ("entity=fin-ws-17", "beacon"),
        ("entity=device:dc-01", "spray"),
        ("entity=user:dc-01", ""),
        ("entity=never-seen", ""),
        ("last_activity=2026-10-30..", "beacon"),
        ("last_activity=..2026-10-01", "spray"),
        ("received=1d", "beacon spray"),
        ("restricted=yes", ""),
        ("restricted=no", "beacon spray"),
        ("q=beac", "beacon"),
        (f"{EVERYTHING}&q=BEACON", "beacon done"),
        ("q=evil.example", "beacon"),
        ("q=in-ws-1", "beacon"),
        ("q=eve@example.org%20beacon", "beacon"),
        ("q=beacon%20spray", ""),
        ("q=spray", "spray"),
        (f"{EVERYTHING}&q=quiet", "quiet"),
        ("q=%27%22)%20%26%20!:*", ""),
        ("q=%20", "beacon spray"),
    ],
)
def test_each_key_finds_what_it_says(world: dict[str, int], ana: User, query: str, expected: str) -> None:
    assert found(query, ana) == set(expected.split())


def test_by_the_number_of_their_incident(world: dict[str, int], ana: User) -> None:
    number = Alert.objects.get(external_id="beacon").incident_id
    assert found(f"incident={number}", ana) == {"beacon"}
    assert found(f"incident={number}&incident={number + 1}", ana) == {"beacon", "spray"}
    assert found("incident=99999999999", ana) == set()


def test_restricted_ones_are_found_by_members_alone(world: dict[str, int], ana: User, lee: User) -> None:
    restrict(Incident.objects.get(alerts__external_id="beacon"), [lee], actor=lee.as_actor())
    assert found("restricted=yes", lee) == {"beacon"}
    assert found("restricted=yes", ana) == set()
    assert found("", ana) == {"spray"}


@pytest.mark.parametrize(
    ("query", "key", "hint"),
    [
        ("status=redirected", "status", "is unknown"),
        ("status=resolve", "status", "did you mean “resolved”"),
        ("severity=hgh", "severity", "did you mean “high”"),
        ("assignee=anna", "assignee", "did you mean “ana”"),
        ("source=Network%20senser", "source", "did you mean “Network sensor”"),
        ("detection_source=nothing-like-it", "detection_source", "is unknown"),
        ("category=comand_and_control", "category", "did you mean “command_and_control”"),
        ("technique=powershell", "technique", "is unknown"),
        ("entity=devise:dc-01", "entity", "did you mean “device:dc-01”"),
        ("incident=x", "incident", "is no number"),
        ("received=week", "received", "7d"),
        ("restricted=true", "restricted", "did you mean “yes”"),
        ("sort=severty", "sort", "did you mean “severity”"),
    ],
)
def test_what_means_nothing_is_refused_under_its_key(
    world: dict[str, int], ana: User, query: str, key: str, hint: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        asked(QueryDict(query), ana)
    assert hint in " ".join(refused.value.message_dict[key])


@pytest.mark.parametrize("query", ["severty=high", "tag=wave", "status__in=1", "_connector=OR"])
def test_an_unknown_key_is_refused(db: None, ana: User, query: str) -> None:
    with pytest.raises(UnknownKeys):
        asked(QueryDict(query), ana)


def test_me_is_nobody_to_a_token(db: None) -> None:
    token, _ = create_token("reader", actor=SYSTEM, role="reader")
    with pytest.raises(ValidationError):
        asked(QueryDict("assignee=me"), token)
