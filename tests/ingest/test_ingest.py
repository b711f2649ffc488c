"""Taking alerts in: new, changed and repeated ones, and what becomes of their incidents."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import Model
from django.http import QueryDict
from django.utils import timezone

from accounts.models import AccessToken, User
from activity.actors import COMMAND_LINE, SYSTEM, Actor
from activity.chain import verify
from activity.models import Entry
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert, AlertPayload, Evidence
from common.portions import portions
from entities import identity
from entities.models import Entity, EntityIdentifier
from incidents.choices import IncidentStatus, TagKind
from incidents.commands import change_tags, rename, resolve, set_alert_status, set_severity
from incidents.filters import IncidentFilter
from incidents.models import Incident, IncidentSearch, IncidentTag, Tag
from incidents.summary import differences
from ingest.commands import Outcome, Result, ingest, taking_in
from ingest.parsed import ParsedAlert
from tests.conftest import NOON, alert, device, opened, user_entity


def take_in(*alerts: ParsedAlert) -> list[Result]:
    """What became of each."""
    return [outcome.result for outcome in ingest(alerts, actor=COMMAND_LINE)]


def fields(model: type[Model], *without: str) -> list[dict[str, Any]]:
    """All rows of a table, whole but for some columns."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in without]
    return list(model._default_manager.order_by("pk").values(*names))


def everything() -> dict[str, list[dict[str, Any]]]:
    """All that ingest writes, without the counters of repeats."""
    tables: Sequence[type[Model]] = (
        Incident,
        IncidentSearch,
        IncidentTag,
        Tag,
        AlertPayload,
        Evidence,
        Entity,
        EntityIdentifier,
        Entry,
    )
    return {model.__name__: fields(model) for model in tables} | {
        "Alert": fields(Alert, "repeats", "last_repeat_at"),
    }


def batch() -> list[ParsedAlert]:
    """Three alerts of two attacks, with tags, evidence and a group of the sender's."""
    return [
        alert("1", entities=(device("fin-ws-17"), user_entity("jo@contoso.example")), tags=("wave",)),
        alert("2", title="Mail forwarded", source="mail", source_incident="case-9"),
        alert("3", title="Shadow copies deleted", severity=Severity.HIGH, entities=(device("fin-ws-17"),)),
    ]


# ------------------------------------------------------------------------------------------------- created, repeated


@pytest.mark.django_db
def test_each_alert_has_its_own_result_in_the_order_sent() -> None:
    take_in(alert("1"), alert("2"))
    outcomes = ingest([alert("2", title="Changed"), alert("3"), alert("1")], actor=COMMAND_LINE)
    assert [(outcome.external_id, outcome.result) for outcome in outcomes] == [
        ("2", Result.UPDATED),
        ("3", Result.CREATED),
        ("1", Result.REPEATED),
    ]
    for outcome in outcomes:
        stored = Alert.objects.get(external_id=outcome.external_id)
        assert (outcome.alert_id, outcome.incident_id) == (stored.pk, stored.incident_id)


@pytest.mark.django_db
def test_nothing_comes_of_nothing() -> None:
    assert ingest([], actor=COMMAND_LINE) == []
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_an_alert_is_kept_whole_with_the_record_it_came_in() -> None:
    take_in(
        alert(
            "1",
            entities=(device("fin-ws-17"),),
            roles=("compromised",),
            lasting=timedelta(minutes=5),
            description="Powershell with an encoded command.",
            categories=("execution",),
            techniques=("T1059.001",),
            source_url="https://edr.contoso.example/1",
        )
    )
    stored = Alert.objects.get()
    assert (stored.source, stored.external_id, stored.title) == ("edr", "1", "Encoded command")
    assert (stored.first_activity, stored.last_activity) == (NOON, NOON + timedelta(minutes=5))
    assert (stored.categories, stored.techniques) == (["execution"], ["T1059.001"])
    assert stored.source_url == "https://edr.contoso.example/1"
    assert stored.payload.raw["title"] == "Encoded command"
    piece = stored.evidence.get()
    assert (piece.entity.name, piece.roles) == ("fin-ws-17", ["compromised"])
    assert (piece.event_time, piece.incident_number) == (stored.last_activity, stored.incident_id)


@pytest.mark.django_db
def test_the_same_batch_twice_changes_nothing_but_the_counters_of_repeats() -> None:
    take_in(*batch())
    before = everything()
    assert all(before.values())
    assert take_in(*batch()) == [Result.REPEATED] * 3
    assert everything() == before
    assert {(each.repeats, each.last_repeat_at is None) for each in Alert.objects.all()} == {(1, False)}


@pytest.mark.django_db
def test_the_order_of_a_records_keys_makes_no_difference() -> None:
    one = alert("1")
    take_in(one)
    assert take_in(replace(one, raw=dict(reversed(one.raw.items())))) == [Result.REPEATED]


@pytest.mark.django_db
def test_the_same_alert_twice_in_one_batch_is_stored_once() -> None:
    assert take_in(alert("1"), alert("2"), alert("1")) == [Result.CREATED, Result.CREATED, Result.REPEATED]
    assert list(Alert.objects.order_by("external_id").values_list("external_id", "repeats")) == [("1", 1), ("2", 0)]


@pytest.mark.django_db
def test_the_last_word_in_one_batch_is_what_stands() -> None:
    assert take_in(alert("1", title="First"), alert("1", title="Second")) == [Result.CREATED, Result.UPDATED]
    assert Alert.objects.get().title == Incident.objects.get().name == "Second"


@pytest.mark.django_db
def test_two_sources_may_use_the_same_id() -> None:
    assert take_in(alert("1", source="edr"), alert("1", source="mail")) == [Result.CREATED] * 2
    assert Alert.objects.count() == 2


# ------------------------------------------------------------------------------------------------------------ changed


@pytest.mark.django_db
def test_a_changed_record_is_recorded_with_old_and_new_value() -> None:
    incident = opened(alert("1"))
    assert take_in(alert("1", title="Encoded download", severity=Severity.HIGH)) == [Result.UPDATED]
    stored = Alert.objects.get()
    assert (stored.title, stored.severity, stored.repeats) == ("Encoded download", Severity.HIGH, 1)
    assert stored.payload.raw["title"] == "Encoded download"
    entry = Entry.objects.of_incident(incident.pk).get(verb="alert.updated")
    assert entry.changes == [
        {"field": "title", "old": "Encoded command", "new": "Encoded download"},
        {"field": "severity", "old": "medium", "new": "high"},
    ]
    assert (entry.actor_label, entry.subject_id) == ("Command line", str(stored.pk))


@pytest.mark.django_db
def test_the_incidents_summary_follows_a_changed_record() -> None:
    incident = opened(alert("1"))
    later = NOON + timedelta(hours=3)
    changed = alert(
        "1",
        title="Encoded download",
        severity=Severity.HIGH,
        lasting=timedelta(hours=3),
        entities=(device("fin-ws-17"),),
        categories=("execution",),
        service_source="Endpoint sensor 2",
    )
    take_in(changed)
    incident.refresh_from_db()
    assert (incident.severity, incident.last_activity) == (Severity.HIGH, later)
    assert (incident.categories, incident.service_sources) == (["execution"], ["Endpoint sensor 2"])
    assert incident.asset_counts == {"device": 1}
    assert incident.version == 2
    assert differences([incident]) == []
    entry = Entry.objects.of_incident(incident.pk).get(verb="alert.updated")
    assert {change["field"] for change in entry.facts["incident_changes"]} == {
        "name",
        "severity",
        "last_activity",
        "service_sources",
        "categories",
        "asset_counts",
    }
    assert {"field": "evidence_count", "old": 0, "new": 1} in entry.changes


@pytest.mark.django_db
def test_a_record_that_changed_where_nobody_looks_leaves_no_entry() -> None:
    incident = opened(alert("1"))
    entries = Entry.objects.count()
    changed = replace(alert("1"), raw={"id": "1", "sensor_load": 0.7})
    assert take_in(changed) == [Result.UPDATED]
    assert AlertPayload.objects.get().raw == {"id": "1", "sensor_load": 0.7}
    assert Entry.objects.count() == entries
    incident.refresh_from_db()
    assert incident.version == 1
    assert take_in(changed) == [Result.REPEATED]


@pytest.mark.django_db
def test_what_a_person_has_set_stands_against_the_source(ana: User) -> None:
    incident = opened(alert("1"))
    rename(incident, "Payroll fraud", actor=ana.as_actor())
    set_severity(incident, Severity.LOW, actor=ana.as_actor())
    stored = Alert.objects.get(external_id="1")
    set_alert_status(incident, [stored.pk], AlertStatus.IN_PROGRESS, actor=ana.as_actor())
    take_in(alert("1", title="Encoded download", severity=Severity.HIGH, status=AlertStatus.RESOLVED))
    incident.refresh_from_db()
    stored.refresh_from_db()
    assert (incident.name, incident.severity) == ("Payroll fraud", Severity.LOW)
    assert (incident.automatic_name, incident.automatic_severity) == ("Encoded download", Severity.HIGH)
    assert stored.status == AlertStatus.IN_PROGRESS


# ----------------------------------------------------------------------------------------------------------- resolved


@pytest.mark.django_db
def test_an_incident_whose_alerts_all_come_resolved_is_resolved_by_the_system() -> None:
    incident = opened(
        alert("1", entities=(device("fin-ws-17"),), status=AlertStatus.RESOLVED),
        alert("2", entities=(device("fin-ws-17"),), status=AlertStatus.RESOLVED),
    )
    assert (incident.status, incident.resolved_by) == (IncidentStatus.RESOLVED, "Watchfloor")
    assert (incident.alerts_total, incident.alerts_active) == (2, 0)
    assert incident.resolution_note == "Every alert of this incident came resolved from its source."
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.resolved")
    assert (entry.actor_kind, entry.body.text) == ("system", incident.resolution_note)
    assert Alert.objects.filter(resolved_at__isnull=True).count() == 0


@pytest.mark.django_db
def test_one_active_alert_keeps_the_incident_open() -> None:
    incident = opened(
        alert("1", entities=(device("fin-ws-17"),), status=AlertStatus.RESOLVED),
        alert("2", entities=(device("fin-ws-17"),), status=AlertStatus.IN_PROGRESS),
    )
    assert incident.status == IncidentStatus.ACTIVE
    assert (incident.alerts_total, incident.alerts_active) == (2, 1)


# --------------------------------------------------------------------------------------------------------------- tags


def tags_of(incident: Incident) -> list[str]:
    return sorted(incident.tags.values_list("name", flat=True))


@pytest.mark.django_db
def test_the_senders_tags_are_on_the_incident(sensor: tuple[AccessToken, str]) -> None:
    token, _ = sensor
    ingest([alert("1", tags=("wave", "finance"))], actor=token.as_actor())
    incident = Incident.objects.get()
    assert tags_of(incident) == ["finance", "wave"]
    assert set(Tag.objects.values_list("kind", flat=True)) == {TagKind.CUSTOM}
    entry = Entry.objects.of_incident(incident.pk).get(verb="incident.tags_changed")
    assert (entry.actor_kind, entry.actor_label) == ("token", "sensor")


@pytest.mark.django_db
def test_a_system_tags_name_among_the_senders_tags_is_left_out() -> None:
    change_tags(opened(alert("other", source="mail")), add=["Ransomware"], kind=TagKind.ATTACK, actor=SYSTEM)
    incident = opened(alert("1", tags=("wave", "RANSOMWARE", "finance")))
    assert tags_of(incident) == ["finance", "wave"]
    assert Tag.objects.get(name="Ransomware").kind == TagKind.ATTACK


@pytest.mark.django_db
def test_tags_beyond_what_an_incident_holds_are_left_out_and_the_alert_stays() -> None:
    entities = (device("fin-ws-17"),)
    incident = opened(
        alert("1", entities=entities, tags=tuple(f"tag {number}" for number in range(50))),
        alert("2", entities=entities, tags=("one more",)),
    )
    assert incident.alerts_total == 2
    assert tags_of(incident) == sorted(f"tag {number}" for number in range(50))


# ----------------------------------------------------------------------------------------------------------- entities


@pytest.mark.django_db
def test_an_entity_that_two_sources_name_is_one() -> None:
    take_in(
        alert("1", source="edr", entities=(device("FIN-WS-17"),)),
        alert("2", source="mail", entities=(device("fin-ws-17"), user_entity("jo@contoso.example"))),
    )
    assert sorted(Entity.objects.values_list("kind", "name")) == [
        ("device", "FIN-WS-17"),
        ("user", "jo@contoso.example"),
    ]
    assert Evidence.objects.filter(entity__kind="device").count() == 2


@pytest.mark.django_db
def test_an_entity_remembers_when_it_was_first_and_last_seen_and_what_is_known() -> None:
    take_in(
        alert("1", entities=(identity.device(hostname="fin-ws-17", attributes={"os": "Windows 10", "rack": 4}),)),
        alert("2", entities=(identity.device(hostname="fin-ws-17", attributes={"os": "Windows 11"}),), source="mail"),
    )
    take_in(alert("3", entities=(device("fin-ws-17"),), at=NOON - timedelta(days=2)))
    entity = Entity.objects.get()
    assert (entity.first_seen, entity.last_seen) == (NOON - timedelta(days=2), NOON)
    assert entity.attributes == {"os": "Windows 11", "rack": 4}


@pytest.mark.django_db
def test_an_entity_named_twice_in_an_alert_is_one_piece_of_evidence() -> None:
    take_in(alert("1", entities=(device("fin-ws-17"), device("FIN-WS-17.")), roles=("compromised",)))
    assert Evidence.objects.get().roles == ["compromised"]


def who_is_who(alerts: Sequence[ParsedAlert], size: int) -> dict[str, tuple[str, ...]]:
    """The keys of each alert's entities when the alerts come so many at a time; everything is undone afterwards."""
    with transaction.atomic():
        for portion in portions(alerts, size):
            take_in(*portion)
        found = {
            each.external_id: tuple(each.evidence.order_by("pk").values_list("entity__key", flat=True))
            for each in Alert.objects.all()
        }
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
def test_an_entity_is_the_same_whether_its_names_come_in_one_batch_or_in_several() -> None:
    take_in(alert("0", entities=(identity.user(upn="jo@contoso.example"),)))
    alerts = [
        alert("1", entities=(identity.user(account="CONTOSO\\jo"),)),
        alert("2", entities=(identity.user(upn="jo@contoso.example", account="CONTOSO\\jo"),)),
        alert("3", entities=(identity.user(account="CONTOSO\\jo"),)),
    ]
    apart = who_is_who(alerts, 1)
    assert apart["2"] == ("upn:jo@contoso.example",)
    assert who_is_who(alerts, 3) == apart


@pytest.mark.django_db
def test_a_name_that_two_entities_claim_leads_to_the_first_in_one_batch_as_in_several() -> None:
    alerts = [
        alert("1", entities=(identity.device(dns_name="web.zulu.example"),)),
        alert("2", entities=(identity.device(dns_name="web.alpha.example"),)),
    ]
    after = alert("3", entities=(device("web"),))

    def leads_to(size: int) -> str:
        with transaction.atomic():
            for portion in portions(alerts, size):
                take_in(*portion)
            take_in(after)
            key = Evidence.objects.get(alert__external_id="3").entity.key
            transaction.set_rollback(True)
        return key

    assert leads_to(1) == leads_to(2) == "fqdn:web.zulu.example"


# -------------------------------------------------------------------------------------------------- all, or nothing


@pytest.mark.django_db
def test_every_alert_belongs_to_an_incident_that_counts_it() -> None:
    take_in(*batch())
    incidents = list(Incident.objects.all())
    assert sum(incident.alerts_total for incident in incidents) == Alert.objects.count() == 3
    assert differences(incidents) == []
    assert not Alert.objects.filter(link_reason="").exists()


@pytest.mark.django_db
def test_one_alert_that_cannot_be_stored_leaves_nothing_of_its_batch_behind() -> None:
    backwards = alert("2", entities=(device("fin-ws-17"),), lasting=timedelta(hours=-1))
    with pytest.raises(IntegrityError), transaction.atomic():
        take_in(alert("1", tags=("wave",)), backwards)
    assert not any(everything().values())


@pytest.mark.django_db(transaction=True)
def test_two_senders_of_the_same_alerts_store_each_once() -> None:
    barrier = threading.Barrier(2)
    results: list[list[Result]] = []
    errors: list[BaseException] = []

    def send(alerts: Sequence[ParsedAlert]) -> None:
        try:
            barrier.wait(timeout=30)
            results.append(take_in(*alerts))
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=[order]) for order in (batch(), batch()[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    assert sorted(result for sent in results for result in sent) == [Result.CREATED] * 3 + [Result.REPEATED] * 3
    assert set(Alert.objects.values_list("repeats", flat=True)) == {1}
    assert Alert.objects.count() == 3
    assert Incident.objects.count() == 2
    assert differences(list(Incident.objects.all())) == []
    assert not verify().breaks


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db
def test_many_alerts_are_cut_between_moments_and_make_the_same_incidents(monkeypatch: pytest.MonkeyPatch) -> None:
    def sent(world: str) -> list[ParsedAlert]:
        """Seven attacks in turns, three alerts to a moment."""
        return [
            alert(
                f"{world}-{number}",
                at=NOON + timedelta(hours=5) * (number // 3),
                entities=(device(f"{world}-ws-{number % 7}"), user_entity(f"{world}{number % 5}@contoso.example")),
            )
            for number in range(60)
        ]

    def groups(world: str) -> list[list[str]]:
        """The alerts of each incident, by their numbers."""
        alerts = sent(world)
        outcomes = ingest([*alerts[31:], *alerts[:31]], actor=COMMAND_LINE)
        assert [outcome.external_id for outcome in outcomes] == [a.external_id for a in (*alerts[31:], *alerts[:31])]
        found: dict[int, list[str]] = {}
        for outcome in sorted(outcomes, key=lambda outcome: int(outcome.external_id.partition("-")[2])):
            found.setdefault(outcome.incident_id, []).append(outcome.external_id.partition("-")[2])
        return sorted(found.values())

    whole = groups("whole")
    assert len(whole) > 1
    parts: list[int] = []
    real = taking_in.ingest_batch

    def counted(parsed: Sequence[ParsedAlert], *, actor: Actor) -> list[Outcome]:
        parts.append(len(parsed))
        return real(parsed, actor=actor)

    monkeypatch.setattr(taking_in, "AT_ONCE", 7)
    monkeypatch.setattr(taking_in, "ingest_batch", counted)
    assert groups("cut") == whole
    assert parts == [9] * 6 + [6]  # three alerts of a moment stay together


@pytest.mark.django_db(transaction=True)
def test_an_incident_that_is_resolved_meanwhile_is_not_joined() -> None:
    incident = opened(alert("1", entities=(device("fin-ws-17"),)))
    outcomes: list[int] = []

    def send() -> None:
        try:
            outcomes.append(opened(alert("2", entities=(device("fin-ws-17"),))).pk)
        finally:
            connections.close_all()

    thread = threading.Thread(target=send)
    patience = threading.Event()
    with transaction.atomic():
        resolve(incident, actor=SYSTEM, note="Reimaged.")
        thread.start()
        for _ in range(600):
            if somebody_waits():
                break
            patience.wait(0.05)
        else:
            pytest.fail("ingest never came to wait for the incident")
    thread.join(timeout=60)
    [follow_up] = outcomes
    assert follow_up != incident.pk
    assert Incident.objects.get(pk=follow_up).related_to_id == incident.pk
    incident.refresh_from_db()
    assert (incident.status, incident.alerts_total) == (IncidentStatus.RESOLVED, 1)


# -------------------------------------------------------------------------------------------------------------- found


@pytest.fixture
def found_by(ana: User) -> Callable[[str], list[int]]:
    """Numbers of the incidents that the queue's search finds."""

    def search(words: str) -> list[int]:
        query = QueryDict(mutable=True)
        query["q"] = words
        found = IncidentFilter(query, Incident.objects.visible_to(ana), principal=ana)
        found.check()
        return sorted(found.qs.values_list("pk", flat=True))

    return search


@pytest.mark.parametrize(
    "words",
    ["fin-ws-17", "FIN-WS", "fin 17", "jo@contoso.example", "contoso", "encoded", "Encoded COMMAND", "t1059.001"],
)
def test_an_incident_is_found_by_host_user_and_words_of_its_titles(
    found_by: Callable[[str], list[int]], words: str
) -> None:
    incident = opened(
        alert("1", entities=(device("FIN-WS-17"), user_entity("jo@contoso.example")), techniques=("T1059.001",))
    )
    opened(alert("2", title="Mail forwarded", source="mail"))
    assert found_by(words) == [incident.pk]


def test_an_incident_is_found_by_the_words_of_a_later_record(found_by: Callable[[str], list[int]]) -> None:
    incident = opened(alert("1"))
    take_in(alert("1", title="Ticket forged", entities=(device("dc-01"),)))
    assert found_by("forged") == found_by("dc-01") == [incident.pk]


@pytest.mark.django_db
def test_when_it_came_in_is_told_by_our_own_clock() -> None:
    before = timezone.now()
    take_in(alert("1", at=NOON - timedelta(days=30)))
    stored = Alert.objects.get()
    assert before <= stored.received_at <= timezone.now()
    assert stored.first_activity == NOON - timedelta(days=30)
