"""Rules for what comes in, for programs: by what alerts join, which are tuned, and trying either."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from activity.models import Entry
from incidents.commands import restrict
from incidents.models import Incident
from ingest.commands import change_correlation_rule
from ingest.correlation import SHIPPED
from ingest.models import Trial, TuningRule
from ingest.rulebook import join_rules
from tests.calls import Program, script
from tests.conftest import alert, device, opened

TUNING = {
    "name": "Lab scans",
    "action": "resolve",
    "conditions": {"title": ["Port scan*"], "entity": ["device:lab-*"], "severity": ["low", "medium"]},
    "reason": "The lab scans itself.",
    "owner": "lee",
    "expires": "2030-01-31T00:00:00Z",
}


def test_correlation_rules_are_read_changed_and_reset(
    lee: User, ada: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assert script("analyst").ask("GET", "correlation-rules/").status == 403
    for program in (Program(sign_in(lee)), script("admin")):
        program.get("correlation-rules/")
        with django_assert_max_num_queries(6):
            told = program.get("correlation-rules/")["rules"]
        assert [each["place"] for each in told] == list(range(1, len(SHIPPED.rules) + 1))
        assert (told[0]["kind"], told[0]["window_minutes"], told[0]["is_shipped"]) == (None, None, True)
        path = "correlation-rules/same_device/"
        read = program.ask("GET", path)
        assert program.ask("PATCH", path, {"is_on": False}).status == 428
        wanted = {"window_minutes": 61, "place": 2, "minimum_severity": "low", "excluded_sources": ["scan-*"]}
        saved = program.ask("PATCH", path, wanted, tag=read.tag)
        assert {name: saved.body[name] for name in wanted} == wanted
        assert (saved.status, saved.body["is_shipped"]) == (200, False)
        entry = Entry.objects.filter(verb="correlation.changed").latest("pk")
        assert (entry.channel, entry.actor_label) == ("api", saved.body["changed_by"])
        assert program.ask("PATCH", path, {"window_minutes": 62}, tag=read.tag).status == 412
        wrong = {"window_minutes": 0, "place": 99, "minimum_severity": "huge", "is_on": "no", "hours": 3}
        assert set(program.ask("PATCH", path, wrong, tag="*").fields) == set(wrong)
        assert program.ask("PATCH", path, {"place": 1}, tag="*").status == 409
        first = program.ask("PATCH", "correlation-rules/same_source_incident/", {"window_minutes": 5}, tag="*")
        assert set(first.fields) == {"window_minutes"}
        back = program.ask("POST", f"{path}reset/")
        assert (back.status, back.body["is_shipped"], back.body["changed_by"]) == (200, True, None)
        assert program.ask("GET", "correlation-rules/same_moon/").status == 404


def test_tuning_rules_are_made_changed_and_ended(
    lee: User, ada: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lead, path = Program(sign_in(lee)), "tuning-rules/"
    assert script("analyst").ask("POST", path, TUNING).status == 403
    made = lead.ask("POST", path, TUNING, key="one")
    assert (made.status, made.body["state"], made.body["owner"]["key"]) == (201, "on", "lee")
    assert made.body["conditions"] == TUNING["conditions"]
    assert lead.ask("POST", path, TUNING, key="one") == made
    for change, fields in (
        ({"name": "", "reason": None, "owner": "nobody-here"}, {"name", "reason", "owner"}),
        ({"conditions": {"title": [], "entity": ["lab-*"]}}, {"conditions.entity"}),
        ({"conditions": {"titel": ["x"]}}, {"conditions.titel"}),
        ({"conditions": {}}, {"conditions.title"}),
        ({"conditions": {"severity": ["huge"]}}, {"conditions.severity[0]"}),
        ({"expires": "2020-01-01T00:00:00Z"}, {"expires"}),
        ({"expires": "soon", "action": "drop"}, {"expires", "action"}),
        ({"action": "mark"}, {"tags"}),
        ({"tags": [1], "rank": 1}, {"tags[0]", "rank"}),
    ):
        assert set(lead.ask("POST", path, {**TUNING, **change}).fields) == fields, change
    without = {name: value for name, value in TUNING.items() if name != "expires"}
    assert set(lead.ask("POST", path, without).fields) == {"expires"}

    caught = opened(alert("1", title="Port scan of lab", entities=(device("lab-7"),)))
    secret = opened(alert("2", title="Port scan of lab", entities=(device("lab-8"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    one = f"{path}{made.body['number']}/"
    for program, seen in ((lead, 2), (script("lead"), 1)):
        (told,) = program.get(path)["rules"]
        assert told["caught"] == {"count": seen, "is_exact": True}
        assert len(program.get(f"{one}alerts/")["alerts"]) == seen
    first = lead.get(f"{one}alerts/?limit=1")
    (alert_told,) = lead.get(first["next"])["alerts"]
    assert (alert_told["incident"]["number"], alert_told["status"]) == (caught.pk, "resolved")
    with django_assert_max_num_queries(6):
        lead.get(path)

    assert lead.ask("PATCH", one, {"is_on": False}).status == 428
    off = lead.ask("PATCH", one, {"is_on": False, "expires": None}, tag=made.tag)
    assert (off.body["state"], off.body["expires"], off.body["conditions"]) == ("off", None, TUNING["conditions"])
    stale = lead.ask("PATCH", one, {"name": "Other"}, tag=made.tag)
    assert (stale.status, stale.body["version"]) == (412, 2)
    marked = lead.ask("PATCH", one, {"action": "mark", "classification": "false_positive"}, tag=off.tag)
    assert (marked.body["action"], marked.body["classification"]) == ("mark", "false_positive")
    assert lead.ask("DELETE", one, tag=off.tag).status == 412
    assert lead.ask("DELETE", one, tag=marked.tag).status == 204
    assert lead.ask("GET", one).status == 404
    assert TuningRule.objects.get().deleted_at is not None


def test_a_rule_is_tried_by_the_person_who_asks(
    incident: Incident, lee: User, ada: User, sign_in: Callable[[User], Client]
) -> None:
    lead, other, path = Program(sign_in(lee)), Program(sign_in(ada)), "trials/"
    refused = script("lead").ask("POST", path, {"of": "tuning"})
    assert (refused.status, "belong to people" in refused.body["detail"]) == (403, True)
    body = {"of": "tuning", "values": {"conditions": {"title": ["Encoded*"]}}, "days": 1}
    tried = lead.ask("POST", path, body, key="k")
    assert (tried.status, tried.body["state"], tried.body["result"]["caught"]) == (200, "done", 1)
    assert tried.body["result"]["listed"] == [incident.alerts.get(title="Encoded command").pk]
    again = lead.ask("POST", path, body, key="k")
    assert (again.body, Trial.objects.count()) == (tried.body, 1)
    one = f"{path}{tried.body['id']}/"
    assert lead.get(one) == tried.body
    assert other.ask("GET", one).status == other.ask("POST", f"{one}cancel/").status == 404
    assert lead.ask("POST", f"{one}cancel/").body["state"] == "done"
    values = {"is_on": False, "place": 3}
    joined = lead.ask("POST", path, {"of": "correlation", "rule": "same_device", "values": values})
    assert (joined.status, joined.body["values"]["place"], joined.body["result"]["split"]) == (200, 3, 1)
    sides = joined.body["result"]["groups"][0]
    assert (sides["kind"], sides["before"][0]["incidents"]) == ("split", [incident.pk])
    for wrong, fields in (
        ({"of": "moon", "days": 2}, {"of", "days", "values"}),
        ({"of": "correlation", "values": {}}, {"rule"}),
        ({"of": "correlation", "rule": "same_device", "values": {"window_minutes": 0}}, {"values.window_minutes"}),
        ({"of": "tuning", "values": {"name": "x"}}, {"values.name", "values.conditions"}),
        ({"of": "tuning", "values": {"conditions": {"entity": ["x"]}}}, {"values.conditions.entity"}),
    ):
        assert set(lead.ask("POST", path, wrong).fields) == fields, wrong
    assert lead.ask("POST", path, {"of": "correlation", "rule": "same_moon", "values": {}}).status == 404
    rules = join_rules()
    change_correlation_rule(rules["same_device"], rules.position_of("same_device"), based_on=1, actor=lee.as_actor())
    assert Trial.objects.count() == 2
