"""What people do to an incident's evidence: judging it, adding some by hand, taking that out again."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import RemediationStatus, Verdict
from alerts.commands.evidence import move_added
from alerts.models import Evidence
from common.errors import Refused
from entities import identity
from incidents import summary
from incidents.commands import add_evidence, judge_evidence, remove_evidence, take_back
from incidents.commands.evidence import EvidenceConflict
from incidents.models import Incident, IncidentSearch
from incidents.rules import MOST_JUDGED
from ingest.commands import ingest_batch
from tests.conftest import NOON, alert, device, opened

BEACON = identity.domain("beacon.example")
MALICIOUS, CLEAN = Judgement(Verdict.MALICIOUS), Judgement(Verdict.NO_THREATS_FOUND)


@pytest.fixture
def spread(db: None) -> Incident:
    """Two alerts that find different things of one domain; the first also names an address."""
    opened(
        alert("1", entities=(device("fin-ws-17"), BEACON, identity.ip("203.0.113.7")), verdict=Verdict.SUSPICIOUS),
    )
    return opened(alert("2", entities=(device("fin-ws-17"), BEACON)))


def entity(incident: Incident, name: str) -> int:
    return Evidence.objects.filter(incident_number=incident.pk, entity__name=name).values_list("entity", flat=True)[0]


def verdicts(incident: Incident, name: str = "beacon.example") -> list[str]:
    rows = Evidence.objects.filter(incident_number=incident.pk, entity__name=name).order_by("pk")
    return list(rows.values_list("verdict", flat=True))


def test_a_verdict_is_given_to_all_that_the_incident_has_on_it_and_nowhere_else(spread: Incident, ana: User) -> None:
    other = opened(alert("3", at=NOON.replace(year=2020), entities=(device("dc-01"), BEACON)))
    changed = judge_evidence(spread, [entity(spread, "beacon.example")], MALICIOUS, actor=ana.as_actor())
    assert changed == 1
    assert verdicts(spread) == ["malicious", "malicious"]
    assert verdicts(other) == ["unknown"]


def test_each_entity_is_told_of_with_old_and_new_value_in_one_batch(spread: Incident, ana: User) -> None:
    chosen = [entity(spread, name) for name in ("beacon.example", "203.0.113.7")]
    wanted = Judgement(Verdict.MALICIOUS, RemediationStatus.BLOCKED)
    judge_evidence(spread, chosen, wanted, actor=ana.as_actor())
    entries = Entry.objects.filter(verb="evidence.judged").order_by("subject_label")
    assert [entry.subject_label for entry in entries] == ["203.0.113[.]7", "beacon[.]example"]
    assert len({entry.batch for entry in entries}) == 1
    address, domain = ({each["field"]: (each["old"], each["new"]) for each in entry.changes} for entry in entries)
    assert address == {"verdict": ("suspicious", "malicious"), "remediation_status": ("none", "blocked")}
    assert domain["verdict"][0]["label"] == "Suspicious (1), Unknown (1)"


def test_a_source_does_not_overwrite_what_a_person_found(spread: Incident, ana: User) -> None:
    judge_evidence(spread, [entity(spread, "beacon.example")], CLEAN, actor=ana.as_actor())
    again = alert("2", title="Worse", entities=(device("fin-ws-17"), BEACON), verdict=Verdict.MALICIOUS)
    ingest_batch([again], actor=ana.as_actor())
    assert verdicts(spread) == ["no_threats_found", "no_threats_found"]
    assert "malicious" in verdicts(spread, "fin-ws-17")


def test_two_who_judge_the_same_differently_meet(spread: Incident, ana: User, lee: User) -> None:
    chosen, version = [entity(spread, name) for name in ("beacon.example", "203.0.113.7")], spread.version
    judge_evidence(spread, chosen[:1], CLEAN, actor=lee.as_actor())
    with pytest.raises(EvidenceConflict) as met:
        judge_evidence(spread, chosen, MALICIOUS, actor=ana.as_actor(), based_on=version)
    assert (met.value.conflicts[0].theirs, met.value.conflicts[0].changed_by) == ("no_threats_found", "Lee Park")
    assert verdicts(spread, "203.0.113.7") == ["suspicious"]
    leave = met.value.entities
    judge_evidence(spread, chosen, MALICIOUS, actor=ana.as_actor(), based_on=met.value.version, leave=leave)
    assert verdicts(spread) == ["no_threats_found", "no_threats_found"]
    assert verdicts(spread, "203.0.113.7") == ["malicious"]


def test_two_who_say_the_same_or_of_other_things_do_not(spread: Incident, ana: User, lee: User) -> None:
    domain, address, version = entity(spread, "beacon.example"), entity(spread, "203.0.113.7"), spread.version
    judge_evidence(spread, [domain], MALICIOUS, actor=lee.as_actor())
    judge_evidence(spread, [domain, address], MALICIOUS, actor=ana.as_actor(), based_on=version)
    blocked = Judgement(remediation_status=RemediationStatus.BLOCKED)
    judge_evidence(spread, [domain], blocked, actor=ana.as_actor(), based_on=version)
    assert verdicts(spread, "203.0.113.7") == ["malicious"]


def test_what_is_no_evidence_here_is_refused(spread: Incident, ana: User) -> None:
    other = opened(alert("3", at=NOON.replace(year=2020), entities=(device("dc-01"),)))
    with pytest.raises(Refused, match="no evidence of the incident"):
        judge_evidence(spread, [entity(other, "dc-01")], MALICIOUS, actor=ana.as_actor())
    with pytest.raises(Refused, match="At most 500"):
        judge_evidence(spread, range(1, MOST_JUDGED + 2), MALICIOUS, actor=ana.as_actor())


def test_taken_back_each_alert_says_what_it_said(spread: Incident, ana: User, lee: User) -> None:
    batch, chosen = uuid4(), [entity(spread, name) for name in ("beacon.example", "203.0.113.7")]
    before = verdicts(spread)
    judge_evidence(spread, chosen, MALICIOUS, actor=ana.as_actor(), batch=batch)
    judge_evidence(spread, chosen[1:], CLEAN, actor=lee.as_actor())
    result = take_back([spread.pk], batch, actor=ana.as_actor(), principal=ana)[spread.pk]
    assert verdicts(spread) == before
    assert verdicts(spread, "203.0.113.7") == ["no_threats_found"]
    assert "Lee Park has changed" in result.reason


def test_what_is_added_by_hand_counts_is_found_and_can_be_judged(spread: Incident, ana: User) -> None:
    found = [identity.device(hostname="lab-ws-01"), identity.url("https://drop.example/a")]
    assert add_evidence(spread, found, actor=ana.as_actor(), note="Seen in the proxy's log.") == 2
    spread.refresh_from_db()
    assert spread.asset_counts == {"device": 2}
    assert summary.differences([spread]) == []
    words = IncidentSearch.objects.get(incident=spread).words
    assert "lab" in words
    row = Evidence.objects.get(entity__name="lab-ws-01")
    assert (row.alert_id, row.added_by, row.note) == (None, "Ana Ruiz", "Seen in the proxy's log.")
    assert judge_evidence(spread, [row.entity_id], MALICIOUS, actor=ana.as_actor()) == 1


def test_what_is_evidence_already_is_not_added_again(spread: Incident, ana: User) -> None:
    assert add_evidence(spread, [BEACON, identity.domain("new.example")], actor=ana.as_actor()) == 1
    assert verdicts(spread) == ["suspicious", "unknown"]


def test_only_what_was_added_by_hand_can_be_taken_out(spread: Incident, ana: User) -> None:
    add_evidence(spread, [identity.device(hostname="lab-ws-01")], actor=ana.as_actor())
    chosen = [entity(spread, name) for name in ("lab-ws-01", "beacon.example")]
    assert remove_evidence(spread, chosen, actor=ana.as_actor()) == 1
    spread.refresh_from_db()
    assert spread.asset_counts == {"device": 1}
    assert len(verdicts(spread)) == 2


def test_what_was_added_by_hand_moves_with_a_merge(spread: Incident, ana: User) -> None:
    other = opened(alert("3", at=NOON.replace(year=2020), entities=(device("dc-01"),)))
    add_evidence(spread, [identity.domain("new.example")], actor=ana.as_actor())
    moved = move_added(spread.pk, other.pk)
    assert verdicts(other, "new.example") == ["unknown"]
    assert move_added(other.pk, spread.pk, moved) == moved
    assert verdicts(spread, "new.example") == ["unknown"]


def test_evidence_is_of_an_alert_or_somebodys(spread: Incident) -> None:
    first = Evidence.objects.filter(incident_number=spread.pk)[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=first.pk).update(alert=None)
