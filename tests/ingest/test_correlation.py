"""Which incident an alert joins, and the reason it gives."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import EvidenceRole, Verdict
from alerts.models import Alert
from entities import identity
from entities.identity import EntityIdentity
from incidents.choices import IncidentStatus
from incidents.commands import resolve, restrict, set_status
from incidents.models import Incident
from ingest.commands import ingest
from ingest.correlation import OPENED, SAME_SOURCE_INCIDENT, SHIPPED, JoinRule, in_words
from ingest.correlation.placing import ATTACKING
from ingest.parsed import ParsedAlert, ParsedEvidence
from tests.conftest import NOON, alert, device, user_entity

RULES = tuple(rule for rule in SHIPPED.rules if rule.is_on and rule.kind)
HOUR = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)

TIES: dict[str, EntityIdentity] = {
    "same_mail_message": identity.mail_message(network_message_id="m-1", subject="Invoice"),
    "same_file": identity.file(name="invoice.exe", hashes=["a" * 64]),
    "same_device": device("fin-ws-17"),
    "same_user": user_entity("jo@contoso.example"),
    "same_mailbox": identity.mailbox(address="jo@contoso.example"),
    "same_cloud_resource": identity.cloud_resource(resource_id="/subscriptions/1/vm/2"),
    "same_application": identity.application(app_id="11161", name="Drive"),
    "same_url": identity.url("https://login-contoso.example/a"),
    "same_attacking_address": identity.ip("203.0.113.7"),
}
"""An entity that each rule goes by."""

ADDRESS = TIES["same_attacking_address"]


def naming(external_id: str, *entities: EntityIdentity, after: timedelta = timedelta(0), **more: Any) -> ParsedAlert:
    """An alert that names these entities as attacking and malicious, so that each of them may tie it."""
    suspected: dict[str, Any] = {"roles": ("attacker",), "verdict": Verdict.MALICIOUS, **more}
    return alert(external_id, at=NOON + after, entities=entities, **suspected)


def place_of(sent: ParsedAlert) -> Alert:
    """Where the alert went, when it comes alone."""
    ingest([sent], actor=COMMAND_LINE)
    return Alert.objects.select_related("incident", "link_entity").get(external_id=sent.external_id)


def joined(first: ParsedAlert, second: ParsedAlert) -> bool:
    return place_of(first).incident_id == place_of(second).incident_id


# -------------------------------------------------------------------------------------------------------- every rule


def test_every_rule_has_a_test() -> None:
    assert set(TIES) == {rule.slug for rule in RULES}


every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.slug)


@every_rule
@pytest.mark.django_db
def test_the_same_entity_ties_to_the_edge_of_its_window(rule: JoinRule) -> None:
    first = place_of(naming("1", TIES[rule.slug]))
    second = place_of(naming("2", TIES[rule.slug], after=rule.window))
    assert (first.link_rule, first.link_entity) == (OPENED, None)
    assert second.incident_id == first.incident_id
    assert second.link_rule == rule.slug
    assert second.link_entity == first.evidence.get().entity
    assert second.link_reason.startswith(f"Same {rule.label} {TIES[rule.slug].name} as another alert of the incident, ")
    assert second.link_reason.endswith(f" apart (within {in_words(rule.window)}).")


@every_rule
@pytest.mark.django_db
def test_the_same_entity_does_not_tie_beyond_its_window(rule: JoinRule) -> None:
    first = place_of(naming("1", TIES[rule.slug]))
    second = place_of(naming("2", TIES[rule.slug], after=rule.window + INSTANT))
    assert second.incident_id != first.incident_id
    assert (second.link_rule, second.link_reason) == (OPENED, "It opened this incident.")
    assert second.incident.related_to is None


@every_rule
@pytest.mark.django_db
def test_an_alert_that_tells_of_earlier_activity_is_tied_the_same_way(rule: JoinRule) -> None:
    assert joined(naming("1", TIES[rule.slug]), naming("2", TIES[rule.slug], after=-rule.window))
    assert not joined(
        naming("3", TIES[rule.slug], after=timedelta(days=40)),
        naming("4", TIES[rule.slug], after=timedelta(days=40) - rule.window - INSTANT),
    )


@every_rule
@pytest.mark.django_db
def test_it_ties_within_one_batch_as_well(rule: JoinRule) -> None:
    ingest([naming("1", TIES[rule.slug]), naming("2", TIES[rule.slug], after=rule.window)], actor=COMMAND_LINE)
    assert Incident.objects.get().alerts_total == 2
    assert Alert.objects.get(external_id="2").link_rule == rule.slug


@pytest.mark.parametrize(
    "entity",
    [
        identity.domain("login-contoso.example"),
        identity.malware("Emotet"),
        identity.mail_cluster(cluster_id="subject=Invoice"),
        identity.process(pid=7, image="C:\\a.exe", scope=device("fin-ws-17")),
        identity.registry_key(key="Software\\Run", hive="HKCU", scope=device("fin-ws-17")),
        identity.security_group(name="Domain Admins", domain="CONTOSO"),
        identity.container(container_id="c-1"),
        identity.other("badge reader", identifier="door-7"),
    ],
    ids=lambda entity: entity.kind,
)
@pytest.mark.django_db
def test_other_kinds_never_tie(entity: EntityIdentity) -> None:
    assert not joined(naming("1", entity), naming("2", entity))


# ------------------------------------------------------------------------------------------------------------ windows


@pytest.mark.django_db
def test_the_window_runs_from_where_the_activity_ends() -> None:
    assert joined(naming("1", device("fin-ws-17"), lasting=2 * HOUR), naming("2", device("fin-ws-17"), after=26 * HOUR))


@pytest.mark.django_db
def test_an_alert_whose_activity_spans_the_sighting_is_no_time_away() -> None:
    place_of(naming("1", device("fin-ws-17")))
    second = place_of(naming("2", device("fin-ws-17"), after=-30 * HOUR, lasting=60 * HOUR))
    assert second.link_reason.endswith("at the same time (within 24 h).")


@pytest.mark.django_db
def test_the_time_of_the_evidence_counts_where_it_is_known() -> None:
    seen_early = replace(
        naming("1"),
        evidence=(ParsedEvidence(device("fin-ws-17"), event_time=NOON - 20 * HOUR),),
    )
    first = place_of(seen_early)
    assert place_of(naming("2", device("fin-ws-17"), after=-40 * HOUR)).incident_id == first.incident_id
    assert place_of(naming("3", device("fin-ws-17"), after=5 * HOUR)).incident_id != first.incident_id


# -------------------------------------------------------------------------------------------------- which of several


@pytest.mark.django_db
def test_the_strongest_rule_wins_over_the_nearest_time() -> None:
    mail = place_of(naming("1", TIES["same_mail_message"], after=-90 * HOUR))
    place_of(naming("2", device("fin-ws-17")))
    both = place_of(naming("3", device("fin-ws-17"), TIES["same_mail_message"]))
    assert (both.incident_id, both.link_rule) == (mail.incident_id, "same_mail_message")


@pytest.mark.parametrize("rules", list(itertools.pairwise(RULES)), ids=lambda pair: pair[0].slug)
@pytest.mark.django_db
def test_rules_are_tried_in_their_order(rules: tuple[JoinRule, JoinRule]) -> None:
    stronger, weaker = rules
    first = place_of(naming("1", TIES[stronger.slug], after=2 * HOUR))
    place_of(naming("2", TIES[weaker.slug]))
    assert place_of(naming("3", TIES[weaker.slug], TIES[stronger.slug])).incident_id == first.incident_id


@pytest.mark.django_db
def test_the_nearest_in_time_wins() -> None:
    place_of(naming("1", device("fin-ws-17"), after=-30 * HOUR))
    near = place_of(naming("2", device("fin-ws-17")))
    assert place_of(naming("3", device("fin-ws-17"), after=-13 * HOUR)).incident_id == near.incident_id


@pytest.mark.django_db
def test_the_lowest_number_wins_at_the_same_distance() -> None:
    low = place_of(naming("1", device("fin-ws-17"), after=-13 * HOUR))
    place_of(naming("2", device("fin-ws-17"), after=13 * HOUR))
    assert place_of(naming("3", device("fin-ws-17"))).incident_id == low.incident_id


@pytest.mark.django_db
def test_incidents_are_not_joined_by_an_alert_that_fits_both() -> None:
    first = place_of(naming("1", device("fin-ws-17")))
    second = place_of(naming("2", user_entity("jo@contoso.example")))
    place_of(naming("3", device("fin-ws-17"), user_entity("jo@contoso.example")))
    assert Incident.objects.count() == 2
    assert (first.incident.alerts.count(), second.incident.alerts.count()) == (2, 1)


# -------------------------------------------------------------------------------------------------------------- noise

NOISE = {
    "a machine's own name": device("localhost"),
    "the system's account": identity.user(account="SYSTEM", domain="NT AUTHORITY"),
    "a common account name": identity.user(account="administrator"),
    "the loopback address": identity.ip("127.0.0.1"),
    "a link-local address": identity.ip("169.254.7.7"),
    "the empty file": identity.file(
        name="a.txt", hashes=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]
    ),
    "a file's bare name": identity.file(name="a.exe"),
    "an address of the machine itself": identity.url("http://localhost:8080/x"),
}


@pytest.mark.parametrize("entity", NOISE.values(), ids=NOISE.keys())
@pytest.mark.django_db
def test_what_is_everywhere_never_ties(entity: EntityIdentity) -> None:
    assert not joined(naming("1", entity), naming("2", entity))


@pytest.mark.django_db
def test_noise_is_nothing_better_than_an_address() -> None:
    assert joined(naming("1", device("localhost"), ADDRESS), naming("2", ADDRESS))


# ---------------------------------------------------------------------------------------------- addresses and files


@pytest.mark.parametrize("role", list(EvidenceRole), ids=str)
@pytest.mark.django_db
def test_an_address_ties_on_the_attacking_side_only(role: EvidenceRole) -> None:
    assert joined(naming("1", ADDRESS, roles=(role,)), naming("2", ADDRESS, roles=(role,))) == (role in ATTACKING)


@pytest.mark.django_db
def test_an_address_attacks_for_both_alerts() -> None:
    place_of(naming("1", ADDRESS, roles=("destination",)))
    assert place_of(naming("2", ADDRESS)).link_rule == OPENED
    assert place_of(naming("3", ADDRESS, roles=("destination",))).link_rule == OPENED


@pytest.mark.parametrize("slug", [slug for slug in TIES if slug not in ("same_url", "same_attacking_address")])
@pytest.mark.django_db
def test_an_address_does_not_tie_where_something_better_is_known(slug: str) -> None:
    assert not joined(naming("1", ADDRESS), naming("2", ADDRESS, TIES[slug]))


@pytest.mark.django_db
def test_a_url_is_nothing_better_than_an_address() -> None:
    scan = [identity.url(f"https://shop.contoso.example/{number}") for number in (1, 2)]
    first = place_of(naming("1", ADDRESS, scan[0]))
    second = place_of(naming("2", ADDRESS, scan[1]))
    assert (second.incident_id, second.link_rule) == (first.incident_id, "same_attacking_address")


@pytest.mark.django_db
def test_a_network_sensor_finds_the_attacker_that_an_endpoint_has_named() -> None:
    first = place_of(naming("1", device("fin-ws-17"), ADDRESS))
    second = place_of(naming("2", ADDRESS, source="suricata"))
    assert (second.incident_id, second.link_rule) == (first.incident_id, "same_attacking_address")


@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
@pytest.mark.django_db
def test_a_file_ties_when_it_is_suspected(verdict: Verdict) -> None:
    file = TIES["same_file"]
    suspected = verdict in (Verdict.SUSPICIOUS, Verdict.MALICIOUS)
    assert joined(naming("1", file, verdict=verdict), naming("2", file, verdict=verdict)) == suspected


@pytest.mark.django_db
def test_a_file_that_another_alert_found_harmless_does_not_tie() -> None:
    place_of(naming("1", TIES["same_file"], verdict=Verdict.NO_THREATS_FOUND))
    assert place_of(naming("2", TIES["same_file"])).link_rule == OPENED


# ----------------------------------------------------------------------------------------------- the sender's groups


@pytest.mark.django_db
def test_alerts_that_their_source_groups_stay_together() -> None:
    first = place_of(alert("1", source_incident="case-9"))
    second = place_of(alert("2", source_incident="case-9", at=NOON + timedelta(days=90)))
    assert second.incident_id == first.incident_id
    assert (second.link_rule, second.link_entity) == (SAME_SOURCE_INCIDENT, None)
    assert second.link_reason == "Its source has it in the same incident (case-9)."


@pytest.mark.django_db
def test_two_sources_may_call_their_groups_alike() -> None:
    assert not joined(alert("1", source_incident="case-9"), alert("2", source_incident="case-9", source="mail"))


@pytest.mark.django_db
def test_the_sources_group_wins_over_every_entity() -> None:
    grouped = place_of(alert("1", source_incident="case-9"))
    place_of(naming("2", TIES["same_mail_message"]))
    third = place_of(naming("3", TIES["same_mail_message"], source_incident="case-9"))
    assert third.incident_id == grouped.incident_id


@pytest.mark.django_db
def test_an_alert_without_group_joins_a_group_by_its_entities() -> None:
    grouped = place_of(naming("1", device("fin-ws-17"), source_incident="case-9"))
    assert place_of(naming("2", device("fin-ws-17"), source="mail")).incident_id == grouped.incident_id


# ------------------------------------------------------------------------------------- incidents that take no more


@pytest.fixture
def incident(db: None) -> Incident:
    """An incident of one alert on FIN-WS-17 that its source calls case-9."""
    return place_of(naming("1", device("fin-ws-17"), source_incident="case-9")).incident


BY = {"entity": naming("2", device("fin-ws-17")), "source's group": alert("2", source_incident="case-9")}
by_either = pytest.mark.parametrize("sent", BY.values(), ids=BY.keys())


@by_either
def test_an_incident_in_progress_is_joined(incident: Incident, ana: User, sent: ParsedAlert) -> None:
    set_status(incident, IncidentStatus.IN_PROGRESS, actor=ana.as_actor())
    assert place_of(sent).incident_id == incident.pk


@by_either
def test_a_resolved_incident_is_not_joined(incident: Incident, sent: ParsedAlert) -> None:
    resolve(incident, actor=SYSTEM, note="Reimaged.")
    assert place_of(sent).incident_id != incident.pk


def test_the_follow_up_of_a_resolved_incident_names_it(incident: Incident) -> None:
    resolve(incident, actor=SYSTEM, note="Reimaged.")
    placed = place_of(BY["entity"])
    assert placed.incident.related_to == incident
    assert placed.link_rule == OPENED
    assert placed.link_reason == (
        f"It is related to incident {incident.pk}, which takes no more alerts, and opened this incident."
    )
    entry = Entry.objects.of_incident(placed.incident_id).get(verb="incident.opened")
    assert entry.facts["related_to"] == incident.pk


def test_what_follows_joins_the_follow_up(incident: Incident) -> None:
    resolve(incident, actor=SYSTEM, note="Reimaged.")
    follow_up = place_of(BY["entity"])
    third = place_of(naming("3", device("fin-ws-17"), after=-HOUR))
    assert (third.incident_id, third.link_rule) == (follow_up.incident_id, "same_device")


@by_either
def test_a_restricted_incident_is_never_joined_nor_named(incident: Incident, lee: User, sent: ParsedAlert) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    placed = place_of(sent)
    assert placed.incident_id != incident.pk
    assert placed.incident.related_to is None
    assert placed.link_reason == "It opened this incident."
    entry = Entry.objects.of_incident(placed.incident_id).get(verb="incident.opened")
    assert "related_to" not in entry.facts


def test_a_restricted_incident_that_is_resolved_is_not_named_either(incident: Incident, lee: User) -> None:
    restrict(incident, [lee], actor=lee.as_actor())
    incident.refresh_from_db()
    resolve(incident, actor=lee.as_actor(), note="Dismissed.")
    assert place_of(BY["entity"]).incident.related_to is None


@pytest.fixture
def two_are_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.correlation.placing.MOST_ALERTS_PER_INCIDENT", 2)


def test_a_full_incident_is_not_joined_and_the_follow_up_names_it(incident: Incident, two_are_the_most: None) -> None:
    assert place_of(BY["entity"]).incident_id == incident.pk
    third = place_of(naming("3", device("fin-ws-17")))
    assert third.incident_id != incident.pk
    assert third.incident.related_to == incident
    assert place_of(naming("4", device("fin-ws-17"))).incident_id == third.incident_id


def test_a_full_group_of_the_source_is_not_joined(incident: Incident, two_are_the_most: None) -> None:
    assert place_of(BY["source's group"]).incident_id == incident.pk
    assert place_of(alert("3", source_incident="case-9")).incident_id != incident.pk


def test_it_grows_full_within_one_batch(two_are_the_most: None, db: None) -> None:
    ingest([naming(str(number), device("fin-ws-17")) for number in range(5)], actor=COMMAND_LINE)
    assert list(Incident.objects.order_by("pk").values_list("alerts_total", flat=True)) == [2, 2, 1]


# -------------------------------------------------------------------------------------------------------- the reason


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(days=7), "7 d"),
    ],
)
def test_spans_are_told_in_their_largest_units(span: timedelta, words: str) -> None:
    assert in_words(span) == words


@pytest.mark.django_db
def test_the_reason_names_rule_entity_distance_and_window() -> None:
    place_of(naming("1", device("fin-ws-17")))
    second = place_of(naming("2", device("fin-ws-17"), after=timedelta(hours=2, minutes=10)))
    assert second.link_reason == (
        "Same device fin-ws-17 as another alert of the incident, 2 h 10 min apart (within 24 h)."
    )
    entry = Entry.objects.get(verb="incident.alerts_linked")
    assert [each["reason"] for each in entry.facts["alerts"]] == [second.link_reason]


@pytest.mark.django_db
def test_an_endless_name_does_not_burst_the_reason() -> None:
    long = identity.application(app_id="1", name="x" * 5_000)
    place_of(naming("1", long))
    second = place_of(naming("2", long))
    assert second.link_rule == "same_application"
    assert len(second.link_reason) < 500


# ------------------------------------------------------------------------------------------------------ determinism

SOME_ENTITIES = (
    device("ws-1"),
    device("ws-2"),
    device("localhost"),
    user_entity("jo@contoso.example"),
    identity.user(account="CONTOSO\\jo"),
    identity.user(account="CONTOSO\\jo", upn="jo@contoso.example"),
    TIES["same_mail_message"],
    TIES["same_file"],
    TIES["same_url"],
    ADDRESS,
    identity.ip("203.0.113.8"),
)

evidence = st.builds(
    ParsedEvidence,
    st.sampled_from(SOME_ENTITIES),
    st.sampled_from([(), ("attacker",), ("destination",)]),
    st.sampled_from([Verdict.UNKNOWN, Verdict.MALICIOUS]),
    event_time=st.one_of(st.none(), st.integers(-30, 30).map(lambda hours: NOON + hours * HOUR)),
)


@st.composite
def inputs(draw: st.DrawFn) -> list[ParsedAlert]:
    """Alerts of two sources about a few entities within some days, in the order of their activity."""
    drawn = [
        replace(
            alert(
                str(number),
                at=NOON + draw(st.integers(-40, 40)) * HOUR,
                lasting=draw(st.integers(0, 5)) * HOUR + number * INSTANT,
                source=draw(st.sampled_from(["edr", "mail"])),
                source_incident=draw(st.sampled_from(["", "", "", "case-9"])),
            ),
            evidence=tuple(draw(st.lists(evidence, max_size=3))),
        )
        for number in range(draw(st.integers(2, 10)))
    ]
    return sorted(drawn, key=lambda each: each.last_activity)


def story(alerts: Sequence[ParsedAlert], cut: Callable[[int], bool]) -> list[tuple[str, str, str]]:
    """Of each alert: the first alert of its incident, the rule and the reason. `cut` says where a new batch begins.

    Everything is undone afterwards.
    """
    with transaction.atomic():
        waiting: list[ParsedAlert] = []
        for position, each in enumerate(alerts):
            if waiting and cut(position):
                ingest(waiting, actor=COMMAND_LINE)
                waiting = []
            waiting.append(each)
        ingest(waiting, actor=COMMAND_LINE)
        rows = Alert.objects.order_by("pk").values_list("incident_id", "external_id", "link_rule", "link_reason")
        founders: dict[int, str] = {}
        told = [
            (founders.setdefault(incident_id, external_id), rule, re.sub(r"incident \d+", "incident", reason))
            for incident_id, external_id, rule, reason in rows
        ]
        transaction.set_rollback(True)
    return told


@pytest.mark.django_db
@settings(max_examples=15, deadline=None)
@given(alerts=inputs(), cuts=st.sets(st.integers(1, 9)))
def test_the_same_input_groups_alike_however_it_is_cut_into_batches(alerts: list[ParsedAlert], cuts: set[int]) -> None:
    one_by_one = story(alerts, lambda position: True)
    assert story(alerts, lambda position: position in cuts) == one_by_one
    assert story(alerts, lambda position: False) == one_by_one


@pytest.mark.django_db
def test_a_group_of_the_source_that_has_grown_full_is_followed_alike_in_one_batch_and_in_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.correlation.placing.MOST_ALERTS_PER_INCIDENT", 3)
    alerts = [
        naming("1", device("fin-ws-17")),
        alert("2", source_incident="case-9"),
        alert("3", source_incident="case-9"),
        alert("4", source_incident="case-9"),
        naming("5", device("fin-ws-17"), source_incident="case-9"),
        alert("6", source_incident="case-9"),
    ]
    one_by_one = story(alerts, lambda position: True)
    assert [founder for founder, _, _ in one_by_one] == ["1", "2", "2", "2", "1", "1"]
    assert story(alerts, lambda position: False) == one_by_one


FILE = TIES["same_file"]
SUSPECTED = ParsedEvidence(FILE, verdict=Verdict.MALICIOUS, event_time=NOON - 100 * HOUR)
HARMLESS = ParsedEvidence(FILE, verdict=Verdict.NO_THREATS_FOUND, event_time=NOON)


@pytest.mark.parametrize("mentions", [(SUSPECTED, HARMLESS), (HARMLESS, SUSPECTED)], ids=["last", "first"])
@pytest.mark.parametrize("after", [-250 * HOUR, 0 * HOUR, 100 * HOUR], ids=str)
@pytest.mark.django_db
def test_what_an_alert_says_twice_of_an_entity_counts_alike_in_one_batch_and_in_several(
    mentions: tuple[ParsedEvidence, ...], after: timedelta
) -> None:
    both = [replace(alert("1"), evidence=mentions), naming("2", FILE, after=after)]
    alerts = sorted(both, key=lambda each: each.last_activity)
    assert story(alerts, lambda position: False) == story(alerts, lambda position: True)
