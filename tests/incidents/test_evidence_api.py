"""Evidence and assets of an incident for programs: read, judged, added by hand and taken out again."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from activity.models import Entry
from alerts.changes import Judgement
from alerts.choices import Verdict
from entities import identity
from incidents.commands import judge_evidence, restrict
from incidents.models import Incident
from tests.calls import Program, script
from tests.conftest import alert, device, opened, user_entity


def test_evidence_is_read_as_on_its_tabs(
    ana: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    addresses = tuple(identity.ip(f"203.0.113.{number}") for number in range(1, 8))
    incident = opened(
        alert("1", entities=(device("fin-ws-17"), user_entity("jo@contoso.example"), *addresses)),
        alert("2", entities=(device("fin-ws-17"), addresses[6]), verdict=Verdict.MALICIOUS, roles=("attacker",)),
    )
    path = f"incidents/{incident.pk}"
    for program in (Program(sign_in(ana)), script("reader")):
        assert program.get(f"{path}/assets/?limit=1")["next"]
        with django_assert_max_num_queries(5):
            assets = program.get(f"{path}/assets/")
        assert assets["kinds"] == {"device": 1, "user": 1}
        assert [(each["kind"], each["name"], each["alerts"]) for each in assets["assets"]] == [
            ("device", "fin-ws-17", 2),
            ("user", "jo@contoso.example", 1),
        ]
        with django_assert_max_num_queries(5):
            first = program.get(f"{path}/evidence/?limit=5")
        assert (first["kinds"], len(first["evidence"])) == ({"ip": 7}, 5)
        worst = first["evidence"][0]
        assert (worst["name"], worst["verdict"], worst["roles"]) == ("203.0.113.7", "malicious", ["attacker"])
        assert (worst["first_seen"], worst["remediation_status"], worst["added_by"]) == (
            "2026-11-02T12:00:00Z",
            "none",
            None,
        )
        rest = program.get(first["next"])
        assert (len(rest["evidence"]), rest["next"]) == (2, None)
        assert {each["entity"] for each in [*first["evidence"], *rest["evidence"]]} == {
            each["entity"] for each in program.get(f"{path}/evidence/?type=ip")["evidence"]
        }
        assert [each["name"] for each in program.get(f"{path}/evidence/?verdict=malicious")["evidence"]] == [
            "203.0.113.7"
        ]
        for query in ("type=device", "verdict=bad", "after=x", "tpye=ip", "q=a&q=b", "limit=0"):
            refused = program.ask("GET", f"{path}/evidence/?{query}")
            assert set(refused.fields) == {query.partition("=")[0]}, query


def test_evidence_is_judged_added_and_taken_out(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    path = f"incidents/{incident.pk}/evidence/"
    analyst, reader = Program(sign_in(ana)), script("reader")
    items = [{"kind": "domain", "value": "evil[.]example"}, {"kind": "device", "value": "fin-ws-17"}]
    assert reader.ask("POST", path, {"items": items}).status == 403
    looked = analyst.ask("POST", path, {"items": items, "preview": True})
    assert [(each["value"], each["was_there"]) for each in looked.body["items"]] == [
        ("evil.example", False),
        ("fin-ws-17", True),
    ]
    new = {"items": items, "verdict": "suspicious", "note": "In the mail."}
    added = analyst.ask("POST", path, new, key="once")
    assert (added.status, added.body["added"]) == (201, 1)
    assert analyst.ask("POST", path, new, key="once") == added
    (found,) = reader.get(path)["evidence"]
    assert (found["name"], found["verdict"], found["note"]) == ("evil.example", "suspicious", "In the mail.")
    assert (found["added_by"], found["verdict_is_manual"], found["alerts"]) == ("Ana Ruiz", True, 0)
    text = analyst.ask("POST", path, {"text": "It called hxxp://203.0.113.9/x and beacon[.]example"})
    assert {each["kind"] for each in text.body["items"]} == {"url", "domain"}

    wrong = [{"kind": "domain", "value": "no domain"}, {"kind": "process", "value": "x"}, {"value": "y", "z": 1}]
    refused = analyst.ask("POST", path, {"items": wrong, "verdict": "evil"})
    assert {"items[1].kind", "items[2].kind", "items[2].z", "verdict"} <= set(refused.fields)
    assert "items" in analyst.ask("POST", path, {}).fields

    domain = found["entity"]
    asset = reader.get(f"incidents/{incident.pk}/assets/")["assets"][0]["entity"]
    read = analyst.ask("GET", path)
    body = {"entities": [domain, asset], "verdict": "malicious", "remediation_status": "blocked"}
    assert analyst.ask("PATCH", path, body).status == 428
    judged = analyst.ask("PATCH", path, body, tag=f'"{read.body["version"]}"')
    assert (judged.status, judged.body["changed"]) == (200, 2)
    assert Entry.objects.filter(batch=judged.body["act"], verb="evidence.judged", channel="bulk").count() == 2
    judge_evidence(incident, [domain], Judgement(Verdict.NO_THREATS_FOUND), actor=lee.as_actor())
    stale = analyst.ask("PATCH", path, {"entities": [domain], "verdict": "unknown"}, tag=judged.tag)
    assert (stale.status, stale.fields) == (412, {"verdict": "changed by Lee Park"})
    assert analyst.ask("PATCH", path, {"entities": [domain, 2**60], "verdict": "unknown"}, tag="*").status == 404
    assert "verdict" in analyst.ask("PATCH", path, {"entities": [domain]}, tag="*").fields

    assert analyst.ask("DELETE", f"{path}{asset}/").status == 409
    assert reader.ask("DELETE", f"{path}{domain}/").status == 403
    assert analyst.ask("DELETE", f"{path}{domain}/").status == 204
    assert analyst.ask("DELETE", f"{path}{domain}/").status == 404
    restrict(incident, [lee], actor=lee.as_actor())
    assert {analyst.ask(method, path, {}, tag="*").status for method in ("GET", "POST", "PATCH")} == {404}
