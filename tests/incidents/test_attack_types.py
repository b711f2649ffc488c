"""The system tags incidents with the type of attack that their alerts tell of."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Entry
from common.errors import Refused
from incidents import rules, summary
from incidents.choices import TagKind
from incidents.commands import change_tags
from incidents.models import Incident
from incidents.rules import attack_types
from tests.conftest import alert, device, opened


@pytest.mark.parametrize(
    ("categories", "techniques", "types"),
    [
        (["ransomware"], [], [rules.RANSOMWARE]),
        ([], ["T1486"], [rules.RANSOMWARE]),
        (["initial_access"], ["T1566.002"], []),
        (["initial_access", "credential_access"], ["T1566.002"], [rules.CREDENTIAL_PHISHING]),
        ([], ["T1566", "T1528"], [rules.CREDENTIAL_PHISHING]),
        ([], ["T1114.003"], [rules.MAIL_FRAUD]),
        ([], ["T1114.002"], []),
        (["impact"], ["T1059.001"], []),
    ],
)
def test_alerts_tell_the_type_of_attack(categories: list[str], techniques: list[str], types: list[str]) -> None:
    assert attack_types(categories, techniques) == types


def attack_tags(incident: Incident) -> list[str]:
    return list(incident.tags.filter(kind=TagKind.ATTACK).values_list("name", flat=True))


def test_an_incident_is_tagged_when_it_opens_and_once(db: None) -> None:
    incident = opened(alert(techniques=("T1486",), entities=(device("a"),)))
    opened(alert("2", techniques=("T1486",), entities=(device("a"),)))
    incident.refresh_from_db()
    assert attack_tags(incident) == ["Ransomware"]
    assert Entry.objects.of_incident(incident.pk).filter(verb="incident.tags_changed").count() == 1
    assert ["attack", rules.ATTACK_POINTS, "Ransomware"] in incident.priority_factors
    assert summary.differences([incident]) == []


def test_a_later_alert_can_tell_what_it_is(db: None) -> None:
    incident = opened(alert(techniques=("T1566.001",), entities=(device("a"),)))
    assert attack_tags(incident) == []
    opened(alert("2", categories=("credential_access",), entities=(device("a"),)))
    assert attack_tags(incident) == ["Credential phishing"]


def test_a_tag_that_people_made_before_stays_theirs(incident: Incident, ana: User) -> None:
    change_tags(incident, add=["ransomware"], actor=ana.as_actor())
    other = opened(alert("9", techniques=("T1486",), entities=(device("b"),)))
    assert attack_tags(other) == []


def test_people_cannot_set_it_by_hand(incident: Incident, ana: User) -> None:
    opened(alert("9", techniques=("T1486",), entities=(device("b"),)))
    with pytest.raises(Refused, match="system tag"):
        change_tags(incident, add=["Ransomware"], actor=ana.as_actor())
