"""One alert for programs: all that is known of it, and managing it, by itself and with many others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from activity.models import Entry
from alerts.choices import AlertStatus, Severity
from alerts.models import Alert
from entities import identity
from incidents.changes import AlertChanges
from incidents.choices import IncidentStatus
from incidents.commands import manage_alerts, restrict
from incidents.models import Incident
from ingest.parsed import ParsedEvidence
from tests.calls import Program, script
from tests.conftest import alert, device, opened

WORD, CMD, SHELL = "C:\\WINWORD.EXE", "C:\\cmd.exe", "C:\\powershell.exe"


def with_processes() -> Alert:
    """An alert on a device where Word has started a shell, and that another one."""
    word, shell, child = (identity.process(pid=pid, image=image) for pid, image in ((10, WORD), (20, CMD), (30, SHELL)))
    evidence = (
        ParsedEvidence(device("fin-ws-17"), roles=("compromised",)),
        ParsedEvidence(child, details={"pid": 30, "parent_pid": 20, "image": SHELL}),
        ParsedEvidence(shell, details={"pid": 20, "parent_pid": 10, "image": CMD}),
        ParsedEvidence(word, details={"pid": 10, "image": WORD}),
    )
    sent = alert("tree", techniques=("T1059.001",), recommended_actions="Isolate it.", severity=Severity.HIGH)
    opened(replace(sent, evidence=evidence))
    return Alert.objects.get(external_id="tree")


def test_an_alert_is_told_whole(
    ana: User, sign_in: Callable[[User], Client], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    found = with_processes()
    for program in (Program(sign_in(ana)), script("reader")):
        with django_assert_max_num_queries(8):
            told = program.get(f"alerts/{found.pk}/")
        assert (told["id"], told["severity"], told["recommended_actions"]) == (found.pk, "high", "Isolate it.")
        assert told["technique_names"] == {"T1059.001": "Command and Scripting Interpreter: PowerShell"}
        assert told["incident"]["number"] == found.incident_id
        assert (told["incident"]["rule"], told["incident"]["reason"]) == (found.link_rule, found.link_reason)
        kinds = [(each["kind"], each["level"]) for each in told["evidence"]]
        assert kinds == [("device", 0), ("process", 0), ("process", 1), ("process", 2)]
        assert told["evidence"][0]["roles"] == ["compromised"]
        assert [each["details"]["pid"] for each in told["evidence"][1:]] == [10, 20, 30]
        assert "raw" not in told
        assert program.get(f"alerts/{found.pk}/?with=raw")["raw"]["id"] == "tree"
        assert program.ask("GET", f"alerts/{found.pk}/").tag == f'"{found.incident.version}"'
        assert "did you mean “raw”" in program.ask("GET", f"alerts/{found.pk}/?with=rwa").fields["with"]
        assert program.ask("GET", f"alerts/{2**70}/").status == 404


def test_an_alert_is_managed_by_who_may(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    first, second = incident.alerts.order_by("pk")
    path, analyst, reader = f"alerts/{first.pk}/", Program(sign_in(ana)), script("reader")
    assert reader.ask("PATCH", path, {"status": "resolved"}, tag="*").status == 403
    assert analyst.ask("PATCH", path, {"status": "resolved"}).status == 428

    wrong = {"status": "closed", "assignee": "nobody-here", "determination": "malware", "colour": "red"}
    refused = analyst.ask("PATCH", path, {**wrong, "comment": None}, tag="*")
    assert refused.status == 400
    assert set(refused.fields) == {"status", "assignee", "determination", "colour", "comment"}
    assert "body" in analyst.ask("PATCH", path, {}, tag="*").fields

    read = analyst.ask("GET", path)
    wanted = {"status": "in_progress", "assignee": "ana", "classification": "true_positive", "determination": "malware"}
    saved = analyst.ask("PATCH", path, {**wanted, "comment": "Mine now."}, tag=read.tag)
    assert (saved.status, saved.body["status"], saved.body["assignee"]["key"]) == (200, "in_progress", "ana")
    assert (saved.body["classification"], saved.body["determination"]) == ("true_positive", "malware")
    entry = Entry.objects.of_incident(incident.pk).filter(verb="alert.assigned").latest("pk")
    assert (entry.actor_label, entry.channel, str(entry.batch)) == ("Ana Ruiz", "api", saved.body["act"])

    # somebody else's work: the same field is a conflict, another one is not
    manage_alerts([first.pk], AlertChanges(assignee=lee), actor=lee.as_actor())
    stale = analyst.ask("PATCH", path, {"assignee": None}, tag=saved.tag)
    incident.refresh_from_db()
    assert (stale.status, stale.body["version"]) == (412, incident.version)
    assert stale.fields == {"assignee": "changed by Lee Park"}
    assert analyst.ask("PATCH", path, {"status": "new"}, tag=saved.tag).status == 200
    assert analyst.ask("PATCH", path, {"status": "new"}, tag='"9999"').status == 412

    undone = analyst.ask("POST", "alerts/undo/", {"act": saved.body["act"]})
    assert (undone.status, undone.body["incidents"][0]["outcome"]) == (200, "changed")
    first.refresh_from_db()
    assert (first.classification, first.assignee_user) == ("not_set", lee)
    assert script("analyst").ask("POST", "alerts/undo/", {"act": saved.body["act"]}).status == 404

    listed = reader.get(f"incidents/{incident.pk}/alerts/?sort=-severity&count=exact")
    assert ([each["id"] for each in listed["alerts"]], listed["count"]) == ([second.pk, first.pk], 2)
    assert listed["page"].endswith(f"/alerts/?sort=-severity&incident={incident.pk}&status=any&severity=any")
    page = reader.get(f"incidents/{incident.pk}/alerts/?limit=1&severity=high&severity=medium")
    assert len(reader.get(page["next"])["alerts"]) == 1
    assert "incident" in reader.ask("GET", f"incidents/{incident.pk}/alerts/?incident=1").fields


def test_many_alerts_are_changed_together(
    incident: Incident, ana: User, lee: User, sign_in: Callable[[User], Client]
) -> None:
    other = opened(alert("3", title="Beacon", entities=(device("dc-01"),)))
    secret = opened(alert("4", title="Beacon", entities=(device("hidden-9"),)))
    restrict(secret, [lee], actor=lee.as_actor())
    own = sorted(incident.alerts.values_list("pk", flat=True))
    hidden = secret.alerts.get().pk
    for program, assignee in ((Program(sign_in(ana)), "lee"), (script("analyst"), "ana")):
        body: dict[str, Any] = {"target": {"alerts": own}, "changes": {"status": "in_progress", "assignee": assignee}}
        looked = program.ask("POST", "alerts/bulk/preview/", body)
        assert looked.status == 200
        assert (looked.body["total"], looked.body["changed"], looked.body["fields"][-1]["changed"]) == (2, 2, 2)
        started = program.ask("POST", "alerts/bulk/", {**body, "seen": looked.body["seen"]}, key=f"k-{assignee}")
        assert (started.status, started.body["subject"], started.body["total"]) == (202, "alert", 2)
        again = program.ask("POST", "alerts/bulk/", {**body, "seen": looked.body["seen"]}, key=f"k-{assignee}")
        assert again.body == started.body
    assert script("reader").ask("POST", "alerts/bulk/", body).status == 403

    analyst = Program(sign_in(ana))
    matching = {"target": {"query": "q=Beacon"}, "changes": {"status": "resolved"}}
    looked = analyst.ask("POST", "alerts/bulk/preview/", matching)
    assert (looked.body["total"], looked.body["incidents_resolved"], looked.body["resolved_unclassified"]) == (1, 1, 1)
    for target, path in (
        ({"alerts": [*own, hidden]}, None),
        ({"query": "severty=high"}, "target.query.severty"),
        ({"query": "q=x", "alerts": own}, "target"),
        ({"alerts": []}, "target.alerts"),
        ({"alerts": ["x"]}, "target.alerts[0]"),
    ):
        answer = analyst.ask("POST", "alerts/bulk/preview/", {"target": target, "changes": {"status": "resolved"}})
        if path is None:
            assert (answer.status, answer.body["total"], answer.body["missing"]) == (200, 2, 1)
        else:
            assert path in answer.fields, answer
    assert "changes" in analyst.ask("POST", "alerts/bulk/", {"target": {"alerts": own}}).fields
    other.refresh_from_db()
    assert other.status == IncidentStatus.ACTIVE
    assert Alert.objects.get(pk=hidden).status == AlertStatus.NEW
