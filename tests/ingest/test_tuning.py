"""Tuning: alerts that a rule hides, resolves or marks as they come in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.commands import deactivate
from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import AlertStatus, Classification, Determination, Severity
from alerts.models import Alert
from common.errors import Conflict, Refused
from entities import identity
from incidents.choices import IncidentStatus
from incidents.commands import reopen
from incidents.models import Incident
from incidents.summary import differences
from ingest.choices import TuningAction
from ingest.commands import TuningValues, change_tuning_rule, create_tuning_rule, delete_tuning_rule, ingest
from ingest.correlation import HIDDEN, OPENED
from ingest.models import TuningRule
from ingest.parsed import ParsedAlert
from ingest.tuning import Conditions, facts_of
from tests.conftest import alert, device
from tests.ingest.test_correlation import naming, place_of

pytestmark = pytest.mark.django_db

LAB = {"entity": ["device:lab-*"]}


@pytest.fixture
def rule(lee: User) -> Any:
    def made(action: TuningAction = TuningAction.HIDE, **changes: Any) -> TuningRule:
        values: dict[str, Any] = {
            "name": "Scanner of the lab",
            "action": action,
            "conditions": LAB,
            "reason": "It scans every night.",
            "owner": lee,
            "expires_at": None,
        }
        return create_tuning_rule(TuningValues(**values | changes), actor=lee.as_actor())

    return made


def noise(number: str = "1", **more: Any) -> ParsedAlert:
    return naming(number, device("lab-07"), **more)


# ------------------------------------------------------------------------------------------------------- conditions

SAID = alert(
    title="Port scan from LAB-07",
    severity=Severity.LOW,
    entities=(device("lab-07.contoso.example"), identity.ip("203.0.113.7")),
    detector_id="et-2010935",
    categories=("discovery", "reconnaissance"),
    techniques=("T1046", "T1595.001"),
)
FITTING: list[dict[str, list[str]]] = [
    {"source": ["edr"]},
    {"source": ["endpoint *"]},
    {"detector": ["et-*"]},
    {"title": ["port scan*", "other"]},
    {"severity": ["informational", "low"]},
    {"category": ["discovery"]},
    {"technique": ["T1595*"]},
    {"entity": ["device:lab-*"]},
    {"entity": ["device:lab-07.contoso.example"]},
    {"entity": ["ip:203.0.113.*"]},
    {"entity": ["any:*.113.7"]},
    {"source": ["edr"], "title": ["*scan*"], "entity": ["user:jo", "device:lab-*"]},
]
NOT_FITTING: list[dict[str, list[str]]] = [
    {"source": ["edr-2"]},
    {"detector": ["et"]},
    {"title": ["scan"]},
    {"severity": ["high"]},
    {"technique": ["T1595"]},
    {"entity": ["user:lab-*"]},
    {"source": ["edr"], "title": ["nothing"]},
    {"title": [".*"]},
]


@pytest.mark.parametrize("conditions", FITTING, ids=str)
def test_all_fields_must_fit_and_of_a_field_any_pattern(conditions: dict[str, list[str]]) -> None:
    assert Conditions.from_values(conditions).fit(facts_of(SAID))


@pytest.mark.parametrize("conditions", NOT_FITTING, ids=str)
def test_what_is_not_said_does_not_fit(conditions: dict[str, list[str]]) -> None:
    assert not Conditions.from_values(conditions).fit(facts_of(SAID))


# ------------------------------------------------------------------------------------------------------------- hiding


def test_a_hidden_alert_is_stored_resolved_in_an_incident_beside_all_work(rule: Any) -> None:
    work = place_of(naming("work", device("lab-07"), source="other", severity=Severity.HIGH))
    tuning = rule(TuningAction.HIDE, classification=Classification.FALSE_POSITIVE)
    hidden = place_of(noise())
    incident = hidden.incident
    assert incident.pk != work.incident_id
    assert (hidden.status, hidden.tuned_by, hidden.link_rule) == (AlertStatus.RESOLVED, tuning, HIDDEN)
    assert hidden.classification == Classification.FALSE_POSITIVE
    assert hidden.link_reason.endswith("Caught by the tuning rule “Scanner of the lab” and hidden.")
    assert (incident.status, incident.resolved_by) == (IncidentStatus.RESOLVED, "Alert tuning")
    assert incident.resolution_note == "Caught by the tuning rule “Scanner of the lab” and hidden."
    opened, closed = Entry.objects.of_incident(incident.pk).order_by("sequence")[:2]
    assert opened.facts["alerts"][0]["reason"] == hidden.link_reason
    assert (closed.verb, closed.actor_label) == ("incident.resolved", "Alert tuning")


def test_what_one_rule_hides_stands_together_and_apart_from_anothers(rule: Any) -> None:
    rule()
    rule(name="Printers", conditions={"title": ["Paper*"]})
    ingest([noise("1"), noise("2"), alert("3", title="Paper jam")], actor=COMMAND_LINE)
    ingest([noise("4"), alert("5", title="Paper jam")], actor=COMMAND_LINE)
    homes = dict(Alert.objects.values_list("external_id", "incident_id"))
    assert homes["1"] == homes["2"] == homes["4"] != homes["3"] == homes["5"]
    assert Incident.objects.open().count() == 0
    assert differences(list(Incident.objects.all())) == []


def test_hidden_alerts_do_not_go_into_an_incident_that_somebody_took_up(rule: Any, lee: User) -> None:
    rule()
    first = place_of(noise("1")).incident
    reopen(first, actor=lee.as_actor())
    assert place_of(noise("2")).incident_id != first.pk


def test_later_alerts_are_not_told_of_hidden_ones(rule: Any) -> None:
    tuning = rule()
    place_of(noise("1"))
    delete_tuning_rule(tuning, actor=SYSTEM)
    later = place_of(noise("2"))
    assert (later.link_rule, later.incident.related_to) == (OPENED, None)


def test_a_full_one_is_followed_by_the_next(rule: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.commands.hiding.MOST_ALERTS_PER_INCIDENT", 2)
    rule()
    ingest([noise(str(number)) for number in range(3)], actor=COMMAND_LINE)
    place_of(noise("3"))
    assert sorted(Incident.objects.values_list("alerts_total", flat=True)) == [2, 2]


# ----------------------------------------------------------------------------------------------- resolving, marking


def test_a_resolved_alert_that_is_alone_has_its_incident_born_resolved(rule: Any) -> None:
    rule(TuningAction.RESOLVE)
    caught = place_of(noise())
    assert (caught.status, caught.link_rule) == (AlertStatus.RESOLVED, OPENED)
    assert (caught.incident.status, caught.incident.resolved_by) == (IncidentStatus.RESOLVED, "Alert tuning")


def test_a_resolved_alert_joins_open_work_and_leaves_it_open(rule: Any) -> None:
    work = place_of(noise("work"))
    rule(TuningAction.RESOLVE)
    caught = place_of(noise("1"))
    caught.incident.refresh_from_db()
    assert caught.incident_id == work.incident_id
    assert (caught.incident.status, caught.incident.alerts_active) == (IncidentStatus.ACTIVE, 1)


def test_an_incident_taken_up_again_is_not_resolved_by_the_next_alert_that_comes_resolved(rule: Any, lee: User) -> None:
    rule(TuningAction.RESOLVE)
    incident = place_of(noise("1")).incident
    reopen(incident, actor=lee.as_actor())
    assert place_of(noise("2")).incident_id == incident.pk
    incident.refresh_from_db()
    assert incident.is_open


def test_a_marked_alert_comes_as_ever_with_tags_and_classification(rule: Any) -> None:
    rule(
        TuningAction.MARK,
        tags=("red team",),
        classification=Classification.INFORMATIONAL_EXPECTED_ACTIVITY,
        determination=Determination.SECURITY_TESTING,
    )
    marked = place_of(noise())
    assert marked.status == AlertStatus.NEW
    assert marked.determination == Determination.SECURITY_TESTING
    assert [tag.name for tag in marked.incident.tags.all()] == ["red team"]
    assert marked.incident.is_open


# ------------------------------------------------------------------------------------------------------ which and when


def test_hiding_goes_before_resolving_before_marking_then_the_older_rule(rule: Any) -> None:
    rule(TuningAction.MARK, name="mark", tags=("x",))
    rule(TuningAction.RESOLVE, name="resolve")
    older = rule(TuningAction.HIDE, name="hide")
    rule(TuningAction.HIDE, name="hide too")
    assert place_of(noise()).tuned_by == older


def test_a_rule_ends_by_time_by_switch_and_by_deletion(rule: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tuning = rule(expires_at=timezone.now() + timedelta(days=1))
    assert place_of(noise("1")).tuned_by == tuning
    later = timezone.now() + timedelta(days=2)
    with monkeypatch.context() as patched:
        patched.setattr("ingest.commands.taking_in.timezone.now", lambda: later)
        assert place_of(noise("2")).tuned_by is None
    values = TuningValues("Off", TuningAction.HIDE, LAB, "It scans.", tuning.owner, None, is_on=False)
    change_tuning_rule(tuning, values, based_on=1, actor=SYSTEM)
    assert place_of(noise("3")).tuned_by is None
    on = TuningValues("On", TuningAction.HIDE, LAB, "It scans.", tuning.owner, None)
    change_tuning_rule(tuning, on, based_on=2, actor=SYSTEM)
    assert place_of(noise("4")).tuned_by == tuning
    delete_tuning_rule(tuning, actor=SYSTEM)
    assert place_of(noise("5")).tuned_by is None
    assert tuning.alerts.count() == 2


def test_a_newer_word_of_the_source_does_not_bring_a_hidden_alert_back(rule: Any) -> None:
    rule()
    place_of(noise("1"))
    ingest([noise("1", title="Another title")], actor=COMMAND_LINE)
    row = Alert.objects.get()
    assert (row.title, row.status) == ("Another title", AlertStatus.RESOLVED)


# ------------------------------------------------------------------------------------------------------ what is refused

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": " "}, "name"),
    "no reason": ({"reason": ""}, "reason"),
    "no condition": ({"conditions": {}}, "title"),
    "a condition for everything": ({"conditions": {"title": ["*"]}}, "title"),
    "an entity without kind": ({"conditions": {"entity": ["lab-*"]}}, "entity"),
    "an entity of a kind that is none": ({"conditions": {"entity": ["machine:lab-*"]}}, "entity"),
    "every device": ({"conditions": {"entity": ["device:*"]}}, "entity"),
    "nothing to mark with": ({"action": TuningAction.MARK}, "tags"),
    "a day that is past": ({"expires_at": timezone.now() - timedelta(hours=1)}, "expires_on"),
    "a determination of another classification": (
        {"classification": Classification.FALSE_POSITIVE, "determination": Determination.PHISHING},
        "classification",
    ),
    "a NUL character": ({"reason": "a\x00"}, "reason"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_makes_no_sense_is_refused_at_its_field(rule: Any, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        rule(**changes)
    assert refused.value.field == field
    assert not TuningRule.objects.exists()


def test_an_owner_answers_for_it(rule: Any, otto: User, ana: User) -> None:
    deactivate(ana, actor=SYSTEM)
    ana.refresh_from_db()
    for person in (otto, ana):
        with pytest.raises(Refused) as refused:
            rule(owner=person)
        assert refused.value.field == "owner"


def test_two_people_do_not_lose_each_others_change(rule: Any, lee: User, ada: User) -> None:
    tuning = rule()
    values = TuningValues("Theirs", TuningAction.HIDE, LAB, "It scans.", lee, None)
    change_tuning_rule(tuning, values, based_on=1, actor=ada.as_actor())
    with pytest.raises(Conflict):
        mine = TuningValues("Mine", TuningAction.HIDE, LAB, "It scans.", lee, None)
        change_tuning_rule(tuning, mine, based_on=1, actor=lee.as_actor())
