"""Whose alerts one sees: those of the incidents one sees, by the same rule."""

from __future__ import annotations

import pytest

from accounts.commands import create_token
from accounts.models import Principal, User
from activity.actors import SYSTEM
from alerts.models import Alert
from incidents.commands import lift_restriction, restrict
from incidents.models import Incident
from tests.conftest import alert, device, opened


@pytest.fixture
def both(incident: Incident, lee: User, rio: User) -> tuple[Incident, Incident]:
    """An ordinary incident, and one for Lee and Rio only."""
    secret = opened(alert("secret", entities=(device("dc-99"),)))
    return incident, restrict(secret, [lee, rio], actor=lee.as_actor())


def seen(principal: Principal) -> list[int]:
    return sorted(Alert.objects.visible_to(principal).values_list("pk", flat=True))


def by_incident(principal: Principal) -> list[int]:
    incidents = Incident.objects.visible_to(principal)
    return sorted(Alert.objects.filter(incident__in=incidents).values_list("pk", flat=True))


def test_it_is_the_rule_of_incidents(
    both: tuple[Incident, Incident], ana: User, lee: User, rio: User, ada: User, otto: User
) -> None:
    token, _ = create_token("reader", actor=SYSTEM, role="reader")
    sender, _ = create_token("sender", actor=SYSTEM, source="zeek")
    for principal in (ana, lee, rio, ada, otto, token, sender):
        assert seen(principal) == by_incident(principal), str(principal)
    assert [len(seen(principal)) for principal in (ana, lee, ada, otto, token, sender)] == [2, 3, 2, 0, 2, 0]


def test_members_of_what_is_no_longer_restricted_see_each_alert_once(
    both: tuple[Incident, Incident], lee: User
) -> None:
    lift_restriction(both[1], actor=lee.as_actor())
    assert len(seen(lee)) == 3
