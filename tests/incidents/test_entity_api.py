"""Entities for programs: finding one, what is known of it, where it was; the same as on its pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from alerts.choices import Severity, Verdict
from entities import identity
from entities.models import Entity
from incidents.commands import add_evidence, restrict
from incidents.models import Incident
from tests.conftest import NOON, alert, device, opened, user_entity

ROOT = "/api/v1/entities/"


def answered(client: Client, path: str, **headers: Any) -> dict[str, Any]:
    answer = client.get(path, headers=headers or None)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_an_entity_is_found_and_told_of_to_a_person_and_a_token(
    incident: Incident,
    ana: User,
    lee: User,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    other = opened(
        alert("3", severity=Severity.LOW, entities=(device("dc-01"), user_entity("jo@contoso.example"))),
    )
    later = NOON + timedelta(days=40)
    second = opened(alert("4", entities=(device("fin-ws-17"), user_entity("jo@contoso.example")), at=later))
    secret = opened(alert("5", entities=(device("hidden-9"),), at=later))
    restrict(secret, [lee], actor=lee.as_actor())
    _, key = create_token("script", actor=SYSTEM, role="reader")
    script = Client(headers={"Authorization": f"Bearer {key}"})
    for client in (sign_in(ana), script):
        with django_assert_max_num_queries(8):
            everything = answered(client, f"{ROOT}?sort=name")
        assert [each["name"] for each in everything["entities"]] == ["dc-01", "fin-ws-17", "jo@contoso.example"]
        assert (everything["next"], everything["page"]) == (None, "http://testserver/entities/?sort=name")
        first = answered(client, f"{ROOT}?kind=device&sort=name&limit=1")
        assert [each["name"] for each in first["entities"]] == ["dc-01"]
        (found,) = answered(client, first["next"])["entities"]
        assert (found["kind"], found["key"], found["alerts"]["count"]) == ("device", "host:fin-ws-17", 3)
        assert (found["first_seen"], found["last_seen"]) == ("2026-11-02T12:00:00Z", "2026-12-12T12:00:00Z")
        assert [each["id"] for each in answered(client, f"{ROOT}?q=ws-17")["entities"]] == [found["id"]]

        with django_assert_max_num_queries(14):
            told = answered(client, f"{ROOT}device/{found['id']}/")
        assert told == answered(client, f"{ROOT}device/fin-ws-17/")
        assert (told["name"], told["is_asset"], told["criticality"]["level"]) == ("fin-ws-17", True, None)
        assert {"label": "Host name", "value": "fin-ws-17"} in told["identifiers"]
        assert [told[name]["count"] for name in ("alerts", "incidents", "open_incidents")] == [3, 2, 2]
        assert [(each["name"], each["alerts"]) for each in told["seen_with"]] == [("jo@contoso.example", 1)]

        seen = answered(client, f"{ROOT}device/fin-ws-17/alerts/?sort=-severity&count=exact")
        assert ([each["external_id"] for each in seen["alerts"]], seen["count"]) == (["2", "4", "1"], 3)
        (high,) = answered(client, f"{ROOT}device/fin-ws-17/alerts/?severity=high")["alerts"]
        assert high["external_id"] == "2"
        page = answered(client, f"{ROOT}device/fin-ws-17/alerts/?limit=2")
        assert [each["external_id"] for each in answered(client, page["next"])["alerts"]] == ["1"]

        with django_assert_max_num_queries(9):
            incidents = answered(client, f"{ROOT}device/fin-ws-17/incidents/?limit=1")
        assert [each["number"] for each in incidents["incidents"]] == [second.pk]
        (before,) = answered(client, incidents["next"])["incidents"]
        assert (before["number"], before["seen"]["alerts"]) == (incident.pk, 2)

        with django_assert_max_num_queries(9):
            timeline = answered(client, f"{ROOT}device/fin-ws-17/timeline/?to=2026-11-02&sort=oldest")
        assert [(each["time"], each["alert"]["title"]) for each in timeline["moments"]] == [
            ("2026-11-02T12:00:00Z", "Encoded command"),
            ("2026-11-02T13:00:00Z", "Shadow copies deleted"),
        ]
        assert len(answered(client, f"{ROOT}device/fin-ws-17/timeline/?incident={second.pk}")["moments"]) == 1

        for path in ("device/hidden-9/", "device/nowhere/", f"user/{found['id']}/", "toaster/1/", f"device/{10**30}/"):
            assert client.get(f"{ROOT}{path}").status_code == 404, path
    assert other.pk != second.pk
    hidden = Entity.objects.get(name="hidden-9")
    assert sign_in(lee).get(f"{ROOT}device/{hidden.pk}/").json()["name"] == "hidden-9"


def test_what_an_address_says_that_means_nothing_is_named_by_key(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    client, one = sign_in(ana), f"{ROOT}device/fin-ws-17/"
    for path, field, hint in (
        (f"{ROOT}?knd=device", "knd", "did you mean “kind”"),
        (f"{ROOT}?kind=devic", "kind", "did you mean “device”"),
        (f"{ROOT}?sort=age", "sort", "unknown"),
        (f"{ROOT}?q=a&q=b", "q", "once is enough"),
        (f"{ROOT}?limit=0", "limit", "from 1 to 200"),
        (f"{ROOT}?after=x", "after", "damaged"),
        (f"{one}?by=year", "by", "no period"),
        (f"{one}?x=1", "x", "no key"),
        (f"{one}timeline/?from=soon", "from", "no date"),
        (f"{one}timeline/?incident=x", "incident", "no number"),
        (f"{one}incidents/?after=x", "after", "damaged"),
        (f"{one}alerts/?entity=dc-01", "entity", "no key"),
        (f"{one}alerts/?severity=hihg", "severity", "did you mean “high”"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), path
        problem = next(each["problem"] for each in answer.json()["errors"] if each["field"] == field)
        assert hint in problem, (path, problem)


def test_what_was_added_by_hand_stands_in_the_timeline(
    incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    found = [identity.domain("evil.example")]
    add_evidence(incident, found, actor=ana.as_actor(), verdict=Verdict.MALICIOUS, note="Mail")
    (moment,) = answered(sign_in(ana), f"{ROOT}domain/evil.example/timeline/")["moments"]
    assert (moment["alert"], moment["added_by"], moment["note"]) == (None, "Ana Ruiz", "Mail")
    assert (moment["incident"], moment["verdict"]) == ({"number": incident.pk, "name": incident.name}, "malicious")
