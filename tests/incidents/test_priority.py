"""The priority of an incident: a sum of factors that explain themselves, kept up to date by whatever changes them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from alerts.kinds import count_kinds
from entities import identity
from incidents import rules, summary
from incidents.choices import TagKind
from incidents.commands import assign, change_tags, reopen, resolve, set_severity, unassign
from incidents.commands.waiting import weigh_waiting
from incidents.models import Incident
from incidents.rules import PriorityFacts, factor_in_words, priority_factors, priority_of, with_present
from ingest.commands import ingest
from tests.conftest import NOON, alert, device, opened

FACTS = st.builds(
    PriorityFacts,
    criticality=st.sampled_from(["", *rules.CRITICALITY_POINTS]),
    attacks=st.lists(st.sampled_from(["Ransomware", "BEC fraud"]), unique=True),
    tactics=st.integers(0, 14),
    kinds=st.integers(1, 40),
    rarest=st.none() | st.integers(0, 5_000),
)


def points(incident: Incident) -> dict[str, int]:
    incident.refresh_from_db()
    return {name: share for name, share, _ in incident.priority_factors}


@given(FACTS, st.sampled_from(Severity), st.none() | st.integers(0, 100))
def test_a_priority_is_the_sum_of_its_factors_up_to_a_hundred(
    facts: PriorityFacts, severity: Severity, hours: int | None
) -> None:
    since = None if hours is None else NOON - timedelta(hours=hours)
    factors = with_present(priority_factors(facts), severity=severity, waiting_since=since, now=NOON)
    assert priority_of(factors) == min(sum(share for _, share, _ in factors), 100)
    assert all(share > 0 and factor_in_words((name, share, detail)) for name, share, detail in factors)
    assert [share for _, share, _ in factors] == sorted((share for _, share, _ in factors), reverse=True)


@given(FACTS, FACTS)
def test_more_of_anything_never_presses_less(one: PriorityFacts, other: PriorityFacts) -> None:
    order = ["", *sorted(rules.CRITICALITY_POINTS, key=rules.CRITICALITY_POINTS.__getitem__)]
    both = PriorityFacts(
        criticality=max(one.criticality, other.criticality, key=order.index),
        attacks=[*one.attacks, *other.attacks],
        tactics=max(one.tactics, other.tactics),
        kinds=max(one.kinds, other.kinds),
        rarest=min((each for each in (one.rarest, other.rarest) if each is not None), default=None),
    )
    assert priority_of(priority_factors(both)) >= max(
        priority_of(priority_factors(one)), priority_of(priority_factors(other))
    )


def test_bands_are_told_apart_as_the_field_does() -> None:
    lone = with_present([], severity=Severity.INFORMATIONAL, waiting_since=None, now=NOON)
    worst = with_present(
        priority_factors(PriorityFacts("very_high", ["Ransomware"], 6, 5, 0)),
        severity=Severity.HIGH,
        waiting_since=None,
        now=NOON,
    )
    assert priority_of(lone) < rules.MEDIUM_PRIORITY
    assert priority_of(worst) >= rules.HIGH_PRIORITY


def test_alerts_give_their_severity_tactics_and_kinds(incident: Incident) -> None:
    assert points(incident) == {"severity": 45, "tactics": 5, "kinds": 4}
    assert incident.priority == 54


def test_a_critical_device_counts(db: None) -> None:
    server = identity.device(hostname="srv-01", attributes={"critical": True})
    assert points(opened(alert(entities=(server,))))["assets"] == rules.CRITICALITY_POINTS["high"]


def test_a_severity_set_by_hand_counts_at_once(incident: Incident, ana: User) -> None:
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    assert points(incident)["severity"] == rules.SEVERITY_POINTS[Severity.LOW]
    assert incident.priority == sum(points(incident).values())


def test_a_type_of_attack_counts_while_its_tag_is_there(incident: Incident) -> None:
    change_tags(incident, add=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    assert points(incident)["attack"] == rules.ATTACK_POINTS
    assert factor_in_words(["attack", 15, "Ransomware"]) == "Type of attack: Ransomware"
    change_tags(incident, remove=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    assert "attack" not in points(incident)


def test_waiting_for_somebody_counts_until_somebody_comes(incident: Incident, ana: User) -> None:
    opened_at = incident.created_at
    assert "waiting" not in points(incident)
    assert weigh_waiting(opened_at + timedelta(minutes=59)) == 0
    assert weigh_waiting(opened_at + timedelta(hours=2)) == 1
    assert points(incident)["waiting"] == 2
    assert weigh_waiting(opened_at + timedelta(hours=2)) == 0
    assert weigh_waiting(opened_at + timedelta(hours=30)) == 1
    assert points(incident)["waiting"] == 8
    assign(incident, ana, actor=ana.as_actor())
    assert "waiting" not in points(incident)
    unassign(incident, actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Done.")
    assert weigh_waiting(opened_at + timedelta(days=9)) == 0
    reopen(incident, actor=ana.as_actor())
    assert weigh_waiting(opened_at + timedelta(days=9)) == 1


def test_growing_with_time_is_no_change_by_anybody(incident: Incident) -> None:
    entries, version = Entry.objects.count(), incident.version
    weigh_waiting(incident.created_at + timedelta(hours=30))
    incident.refresh_from_db()
    assert (Entry.objects.count(), incident.version) == (entries, version)


def test_a_kind_that_is_rare_everywhere_counts(db: None) -> None:
    now = timezone.now()
    common = [alert(f"c{n}", title="Common", at=now, entities=(device(f"host-{n}"),)) for n in range(101)]
    ingest(common, actor=COMMAND_LINE)
    count_kinds()
    usual = opened(alert("one more", title="Common", at=now, entities=(device("other"),)))
    rare = opened(alert("unheard of", title="Unheard of", at=now, entities=(device("another"),)))
    assert "rarity" not in points(usual)
    assert points(rare)["rarity"] == rules.RARITY_POINTS[0][1]
    assert factor_in_words(["rarity", 8, 0]) == "An alert kind not seen in 30 days"


@pytest.mark.parametrize(("times", "words"), [(1, "once"), (7, "7 times")])
def test_a_rare_kind_says_how_rare(times: int, words: str) -> None:
    assert factor_in_words(["rarity", 6, times]) == f"An alert kind seen {words} in 30 days"


def test_refreshing_mends_what_an_older_version_left(incident: Incident) -> None:
    Incident.objects.filter(pk=incident.pk).update(facets=[], priority=0, priority_factors=[])
    incident.refresh_from_db()
    assert summary.differences([incident])
    call_command("refresh_summaries")
    incident.refresh_from_db()
    assert summary.differences([incident]) == []
    assert points(incident) == {"severity": 45, "rarity": 6, "tactics": 5, "kinds": 4}
