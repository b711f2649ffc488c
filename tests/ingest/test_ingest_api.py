"""Alerts through the API: who may send, what is answered, and what a hostile request leaves behind."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.commands import create_token, revoke_token
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from activity.models import Entry
from alerts.models import Alert
from common.errors import Refused
from entities.models import Entity
from incidents.commands import restrict
from incidents.models import Incident
from tests.ingest.examples import EVE, EXAMPLES
from tests.ingest.hostile import DOCUMENTS, KEPT_TEXTS, REFUSED_TEXTS, VALUES, HostileDocument, HostileText

FULL_ALERT = EXAMPLES["native"]


def smallest(external_id: str = "1", **more: Any) -> dict[str, Any]:
    """The least that is an alert, of the source that Sensor sends for."""
    return {
        "source": "suricata",
        "external_id": external_id,
        "title": "Port scan",
        "severity": "low",
        "first_activity": "2026-03-01T09:30:00Z",
        **more,
    }


def send(key: str | None, content: Any, *, raw: bool = False, **more: Any) -> HttpResponse:
    """What the API answers; it never fails by its own fault."""
    data = content if raw else json.dumps(content)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    # Django's test client would raise what the server answers with a 500.
    client = Client(raise_request_exception=False)
    address = reverse("api:alerts", query=more or None)
    answer = client.post(address, data, content_type="application/json", headers=headers)
    assert answer.status_code < 500, answer.content[:500]
    return answer


def assert_problem(answer: HttpResponse, status: int, *, field: str | None = None) -> dict[str, Any]:
    """The answer is a problem document of this status."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) <= {"type", "title", "status", "detail", "errors", "request_id"}
    assert problem["request_id"] == answer["X-Request-ID"]
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert problem["title"]
    assert problem["detail"]
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["problem"] == problem["detail"]
    return problem


def nothing_is_stored() -> bool:
    return not (Alert.objects.exists() or Incident.objects.exists() or Entity.objects.exists())


@pytest.fixture
def key(sensor: tuple[AccessToken, str]) -> str:
    """The key of Sensor, which sends for suricata."""
    return sensor[1]


@pytest.fixture
def admin_key(db: None) -> str:
    return create_token("importer", actor=SYSTEM, role="admin")[1]


# ------------------------------------------------------------------------------------------------------------ who may


@pytest.mark.django_db
def test_without_a_token_nobody_gets_in() -> None:
    answer = send(None, smallest())
    assert_problem(answer, 401)
    assert answer["WWW-Authenticate"] == 'Bearer realm="watchfloor"'
    assert nothing_is_stored()


@pytest.mark.parametrize("header", ["Bearer", "Bearer wf_unknown", "Bearer wf_a wf_b", "Bearer \xff", "Basic YTpi"])
@pytest.mark.django_db
def test_a_header_that_is_no_token_gets_401(header: str) -> None:
    answer = Client().post(
        reverse("api:alerts"),
        json.dumps(smallest()),
        content_type="application/json",
        headers={"Authorization": header},
    )
    assert_problem(answer, 401)
    assert nothing_is_stored()


@pytest.mark.parametrize("role", ["reader", "analyst", "lead"])
@pytest.mark.django_db
def test_a_role_that_may_not_send_gets_403(role: str) -> None:
    _, key = create_token("report", actor=SYSTEM, role=role)
    assert_problem(send(key, smallest()), 403)
    assert nothing_is_stored()


def test_a_revoked_token_is_out_at_once(sensor: tuple[AccessToken, str]) -> None:
    token, key = sensor
    assert send(key, smallest()).status_code == 201
    revoke_token(token, actor=SYSTEM)
    assert_problem(send(key, smallest("2")), 401)
    assert Alert.objects.count() == 1


@pytest.mark.django_db
def test_an_expired_token_is_out() -> None:
    _, key = create_token("old", actor=SYSTEM, source="suricata", expires_at=datetime.now(UTC) - timedelta(minutes=1))
    assert_problem(send(key, smallest()), 401)
    assert nothing_is_stored()


@pytest.mark.django_db
def test_a_token_that_is_yet_to_expire_is_in() -> None:
    _, key = create_token("young", actor=SYSTEM, source="suricata", expires_at=datetime.now(UTC) + timedelta(days=1))
    assert send(key, smallest()).status_code == 201


def test_a_session_alone_cannot_be_made_to_send(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    answer = client.post(reverse("api:alerts"), json.dumps(smallest()), content_type="application/json")
    assert_problem(answer, 403)
    assert nothing_is_stored()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(admin_key: str, method: str) -> None:
    answer = getattr(Client(), method)(reverse("api:alerts"), headers={"Authorization": f"Bearer {admin_key}"})
    assert answer.status_code in (403, 405)


# ------------------------------------------------------------------------------------------------------------ answers


def test_one_alert_is_created(key: str) -> None:
    answer = send(key, smallest())
    assert answer.status_code == 201
    assert answer.json() == {
        "created": 1,
        "updated": 0,
        "repeated": 0,
        "refused": 0,
        "results": [{"external_id": "1", "result": "created"}],
    }
    stored = Alert.objects.get()
    assert (stored.source, stored.external_id, stored.title) == ("suricata", "1", "Port scan")
    entry = Entry.objects.of_incident(stored.incident_id).get()
    assert (entry.verb, entry.channel, entry.facts["sender"]) == ("incident.opened", "api", "sensor")


def test_a_list_has_a_result_for_each_in_its_order(key: str) -> None:
    send(key, [smallest("1"), smallest("2")])
    answer = send(key, [smallest("3"), smallest("2", title="Port sweep"), smallest("1")])
    assert answer.status_code == 201
    body = answer.json()
    assert {word: body[word] for word in ("created", "updated", "repeated", "refused")} == {
        "created": 1,
        "updated": 1,
        "repeated": 1,
        "refused": 0,
    }
    assert [(each["external_id"], each["result"]) for each in body["results"]] == [
        ("3", "created"),
        ("2", "updated"),
        ("1", "repeated"),
    ]


def test_what_creates_nothing_is_200(key: str) -> None:
    send(key, smallest())
    assert send(key, smallest()).status_code == 200
    assert send(key, smallest(title="Port sweep")).status_code == 200


def test_a_refused_one_names_its_field_and_the_others_stay(key: str) -> None:
    answer = send(key, [smallest("1"), smallest("2", severity="dreadful"), smallest("3")])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["created"], body["refused"]) == (2, 1)
    refused = body["results"][1]
    assert (refused["external_id"], refused["result"], refused["position"]) == ("2", "refused", 2)
    assert refused["field"] == "severity"
    assert "dreadful" in refused["problem"]
    assert sorted(Alert.objects.values_list("external_id", flat=True)) == ["1", "3"]


def test_refusing_all_is_400(key: str) -> None:
    answer = send(key, [smallest("1", severity="dreadful"), {"nothing": 1}])
    assert answer.status_code == 400
    assert answer.json()["refused"] == 2
    assert nothing_is_stored()


def test_refused_beside_repeated_is_200(key: str) -> None:
    send(key, smallest())
    assert send(key, [smallest(), smallest("2", severity="dreadful")]).status_code == 200


def test_500_are_taken(key: str) -> None:
    answer = send(key, [smallest(str(number)) for number in range(500)])
    assert (answer.status_code, answer.json()["created"]) == (201, 500)


def test_it_refuses_a_501st_alert(key: str) -> None:
    problem = assert_problem(send(key, [smallest(str(number)) for number in range(501)]), 400, field="body")
    assert "500" in problem["detail"]
    assert nothing_is_stored()


@pytest.mark.parametrize("body", [b"", b"  \n", b"[]"])
def test_nothing_to_take_is_400(key: str, body: bytes) -> None:
    problem = assert_problem(send(key, body, raw=True), 400, field="body")
    assert "empty" in problem["detail"]


def test_compressed_is_refused_in_words(key: str) -> None:
    problem = assert_problem(send(key, gzip.compress(json.dumps(smallest()).encode()), raw=True), 400, field="body")
    assert "compressed" in problem["detail"]
    assert nothing_is_stored()


@pytest.mark.parametrize("body", [b"hello", b"{", b'{"source": ', b"[1, 2", b"<alert/>", b"\x00\x01\x02"])
def test_what_is_not_json_is_400(key: str, body: bytes) -> None:
    answer = send(key, body, raw=True)
    assert answer.status_code == 400
    assert nothing_is_stored()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_format_is_found_from_the_content(admin_key: str, name: str) -> None:
    answer = send(admin_key, EXAMPLES[name])
    assert answer.status_code == 201
    assert answer.json()["created"] == Alert.objects.count() >= 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_format_may_be_named(admin_key: str, name: str) -> None:
    answer = send(admin_key, EXAMPLES[name], format=name)
    assert answer.status_code == 201
    assert answer.json()["created"] == Alert.objects.count() >= 1


def test_the_named_format_is_the_one_that_is_read(admin_key: str) -> None:
    answer = send(admin_key, EVE, format="native")
    assert answer.status_code == 400
    assert nothing_is_stored()


def test_an_unknown_format_is_400(key: str) -> None:
    problem = assert_problem(send(key, smallest(), format="leef"), 400, field="format")
    assert "native" in problem["detail"]


def test_a_request_that_is_too_large_is_413(key: str, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000
    problem = assert_problem(send(key, smallest(description="x" * 2_000)), 413)
    assert "fewer" in problem["detail"]
    assert nothing_is_stored()


# ---------------------------------------------------------------------------------------------- what a sender learns


def test_a_source_token_learns_no_number(key: str) -> None:
    for answer in (send(key, smallest()), send(key, smallest()), send(key, smallest(title="Port sweep"))):
        assert [set(each) for each in answer.json()["results"]] == [{"external_id", "result"}]


def test_a_token_that_sees_incidents_learns_the_numbers(admin_key: str) -> None:
    answer = send(admin_key, smallest())
    stored = Alert.objects.get()
    assert answer.json()["results"] == [
        {"external_id": "1", "result": "created", "alert": stored.pk, "incident": stored.incident_id}
    ]


def test_nobody_learns_the_number_of_a_restricted_incident(admin_key: str, lee: User) -> None:
    send(admin_key, [smallest("1"), smallest("2")])
    incident = Alert.objects.get(external_id="1").incident
    restrict(incident, [lee], actor=lee.as_actor())
    first, second = send(admin_key, [smallest("1"), smallest("2")]).json()["results"]
    assert first == {"external_id": "1", "result": "repeated"}
    assert second["incident"] == Alert.objects.get(external_id="2").incident_id


def test_a_source_token_cannot_send_as_another_source(key: str) -> None:
    answer = send(key, [smallest("1", source="edr"), smallest("2")])
    assert answer.json()["results"][0]["field"] == "source"
    assert list(Alert.objects.values_list("source", "external_id")) == [("suricata", "2")]


@pytest.mark.parametrize("source", ["suricata", "a", "7.x_y-z", "x" * 64])
@pytest.mark.django_db
def test_a_token_is_bound_to_any_source_that_an_alert_may_name(source: str) -> None:
    _, key = create_token("bound", actor=SYSTEM, source=source)
    assert send(key, smallest(source=source)).status_code == 201


@pytest.mark.parametrize("source", ["Suricata", "my sensor", "-x", "x" * 65, "sensör", "x y"])
@pytest.mark.django_db
def test_a_token_is_not_bound_to_a_source_that_no_alert_may_name(admin_key: str, source: str) -> None:
    assert send(admin_key, smallest(source=source)).json()["results"][0]["field"] == "source"
    with pytest.raises(Refused) as refused:
        create_token("bound", actor=SYSTEM, source=source)
    assert refused.value.field == "source"
    assert not AccessToken.objects.filter(name="bound").exists()


def test_what_a_source_token_sends_is_of_its_source_in_every_format(key: str) -> None:
    records = [{**EXAMPLES["native"], "source": ...}, EXAMPLES["graph"], EXAMPLES["sentinel"]]
    del records[0]["source"]
    assert send(key, records).json()["refused"] == 0
    assert set(Alert.objects.values_list("source", flat=True)) == {"suricata"}


def test_a_source_token_does_not_touch_another_sources_alert(key: str, admin_key: str) -> None:
    send(admin_key, smallest(source="edr"))
    answer = send(key, smallest(title="Mine"))
    assert answer.json()["results"] == [{"external_id": "1", "result": "created"}]
    assert sorted(Alert.objects.values_list("source", "title")) == [("edr", "Port scan"), ("suricata", "Mine")]


# ------------------------------------------------------------------------------------------------------------ hostile


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_hostile_document_is_refused_and_leaves_nothing(key: str, document: HostileDocument) -> None:
    answer = send(key, document.data, raw=True)
    assert 400 <= answer.status_code < 500
    assert nothing_is_stored()


def test_hostile_texts_are_kept_letter_by_letter(key: str) -> None:
    records = [
        smallest(str(number), title=each.text, description=each.text, tags=[each.text[:100]])
        for number, each in enumerate(KEPT_TEXTS)
        if each.text.strip()
    ]
    answer = send(key, records)
    assert [each for each in answer.json()["results"] if each["result"] != "created"] == []
    kept = dict(Alert.objects.values_list("external_id", "description"))
    assert {record["external_id"]: kept[record["external_id"]].strip() for record in records} == {
        record["external_id"]: record["description"].strip() for record in records
    }


@pytest.mark.parametrize("field", ["external_id", "title", "description", "service_source", "source_url"])
@pytest.mark.parametrize("text", REFUSED_TEXTS, ids=lambda text: text.name)
def test_a_text_that_cannot_be_kept_refuses_its_alert_alone(
    key: str, text: HostileText, field: str, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 20_000_000  # as where MAX_BODY_MEGABYTES lets it come so far
    answer = send(key, [smallest("good"), {**smallest("bad"), field: text.text}])
    assert [each["result"] for each in answer.json()["results"]] == ["created", "refused"]
    assert Alert.objects.get().external_id == "good"


@pytest.mark.parametrize("field", sorted(FULL_ALERT))
def test_any_value_in_any_field_is_taken_or_refused(admin_key: str, field: str) -> None:
    full = FULL_ALERT | {"evidence": FULL_ALERT["evidence"][:2]}
    records = [{**full, "external_id": f"{field} {number}", field: value} for number, value in enumerate(VALUES)]
    body = send(admin_key, records).json()
    taken = [each for each in body["results"] if each["result"] != "refused"]
    assert body["refused"] + len(taken) == len(VALUES)
    assert all(each["problem"] for each in body["results"] if each["result"] == "refused")
    assert {each["alert"] for each in taken} == set(Alert.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("name", ["eve", "graph", "sentinel"])
def test_any_value_in_any_field_of_a_foreign_format_is_taken_or_refused(admin_key: str, name: str) -> None:
    for value in (None, 2**64 - 1, "10000-01-01T00:00:00Z", [None], {"$ref": "1"}):
        assert value in VALUES
        body = send(admin_key, [{**EXAMPLES[name], field: value} for field in EXAMPLES[name]], format=name).json()
        assert body["created"] + body["updated"] + body["repeated"] + body["refused"] == len(body["results"])
    assert sum(Incident.objects.values_list("alerts_total", flat=True)) == Alert.objects.count()
