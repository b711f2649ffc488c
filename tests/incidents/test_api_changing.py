"""Changing one incident through the API: by the page's commands, and only as the program had it before its eyes."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from incidents.commands import add_comment, assign, change_tags, restrict
from incidents.models import Attachment, Follower, Incident
from tests.conftest import alert, opened
from tests.incidents.uploads import image


def script_of(role: str = "lead", name: str = "script") -> Client:
    _, key = create_token(name, actor=SYSTEM, role=role)
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def script(db: None) -> Client:
    return script_of()


def ask(client: Client, method: str, path: str, body: Any = None, seen: Any = None) -> Any:
    headers = {} if seen is None else {"If-Match": seen if isinstance(seen, str) else f'"{seen}"'}
    sent = json.dumps({} if body is None else body)
    return client.generic(method, f"/api/v1/{path}", sent, content_type="application/json", headers=headers)


def patch(client: Client, incident: Incident, body: Any, seen: Any = "*") -> Any:
    return ask(client, "PATCH", f"incidents/{incident.pk}/", body, seen)


def fields(answer: Any) -> list[str]:
    return [each["field"] for each in answer.json()["errors"]]


# ------------------------------------------------------------------------------------------------------- what changes


def test_every_field_of_the_pane_is_changed_in_one_act(script: Client, incident: Incident, tier2: Team) -> None:
    due = (timezone.now() + timedelta(days=3)).replace(microsecond=0, second=0).isoformat().replace("+00:00", "Z")
    answer = patch(
        script,
        incident,
        {
            "name": "Ransomware on FIN-WS-17",
            "severity": "low",
            "assignee": "team:tier2",
            "tags": ["wave", "Finance"],
            "classification": "true_positive",
            "determination": "malware",
            "due": due,
            "status": "in_progress",
            "comment": "On it.",
        },
        incident.version,
    )
    told = answer.json()
    assert answer.status_code == 200, told
    assert (told["name"], told["severity"], told["status"]) == ("Ransomware on FIN-WS-17", "low", "in_progress")
    assert (told["assignee"]["key"], told["due"], told["determination"]) == ("team:tier2", due, "malware")
    assert [tag["name"] for tag in told["tags"] if tag["kind"] == "custom"] == ["Finance", "wave"]
    assert answer["ETag"] == f'"{told["version"]}"'
    entries = Entry.objects.of_incident(incident.pk).filter(batch=told["act"])
    assert {entry.actor_label for entry in entries} == {"script"}
    assert {entry.channel for entry in entries} == {"api"}
    assert Entry.objects.of_incident(incident.pk).filter(verb="comment.added").count() == 1


def test_null_gives_a_field_back(script: Client, incident: Incident, ana: User) -> None:
    assign(incident, ana, actor=SYSTEM)
    patch(script, incident, {"name": "Mine", "severity": "low", "due": "2027-01-01T08:00:00Z"})
    told = patch(script, incident, {"name": None, "severity": None, "due": None, "assignee": None}).json()
    assert (told["name_is_automatic"], told["severity_is_automatic"], told["severity"]) == (True, True, "high")
    assert (told["due"], told["assignee"]) == (None, None)


def test_tags_are_added_and_removed_beside_each_other(script: Client, incident: Incident) -> None:
    change_tags(incident, add=["wave", "old"], actor=SYSTEM)
    told = patch(script, incident, {"add_tags": ["new"], "remove_tags": ["OLD"]}).json()
    assert [tag["name"] for tag in told["tags"]] == ["new", "wave"]


def test_resolving_takes_a_note_and_resolves_alerts(script: Client, incident: Incident) -> None:
    refused = patch(script, incident, {"status": "resolved"})
    assert (refused.status_code, fields(refused)) == (409, ["resolution_note"])
    told = patch(script, incident, {"status": "resolved", "resolution_note": "Wiped."}).json()
    assert (told["status"], told["resolution_note"], told["alerts"]["active"]) == ("resolved", "Wiped.", 0)
    assert patch(script, incident, {"resolution_note": "Wiped and restored."}).json()["resolved_by"] == "script"
    assert patch(script, incident, {"status": "active"}).json()["status"] == "active"


def test_a_determination_stays_with_its_classification(script: Client, incident: Incident) -> None:
    patch(script, incident, {"classification": "true_positive", "determination": "malware"})
    told = patch(script, incident, {"determination": "phishing"}).json()
    assert (told["classification"], told["determination"]) == ("true_positive", "phishing")
    assert patch(script, incident, {"classification": "true_positive"}).json()["act"] is None
    told = patch(script, incident, {"classification": "false_positive"}).json()
    assert (told["classification"], told["determination"]) == ("false_positive", "not_set")


def test_nothing_changes_where_one_field_is_wrong(script: Client, incident: Incident) -> None:
    entries = Entry.objects.of_incident(incident.pk).count()
    wrong = patch(
        script,
        incident,
        {"severity": "hihg", "status": None, "assignee": "nobody", "tags": ["a", 5], "add_tags": ["b"], "owner": "ana",
         "due": "soon", "name": ""},
    )  # fmt: skip
    assert wrong.status_code == 400
    assert set(fields(wrong)) == {"owner", "status", "name", "severity", "assignee", "due", "tags[1]", "tags"}
    assert patch(script, incident, {"severity": "low", "due": "2020-01-01T00:00:00Z"}).status_code == 409
    assert patch(script, incident, {"status": "redirected"}).status_code == 400
    assert Entry.objects.of_incident(incident.pk).count() == entries
    assert patch(script, incident, {}).json()["act"] is None
    assert Entry.objects.of_incident(incident.pk).count() == entries


# ------------------------------------------------------------------------------------------ as it was before one's eyes


def test_a_write_names_the_version_that_it_is_based_on(script: Client, incident: Incident) -> None:
    read = script.get(f"/api/v1/incidents/{incident.pk}/")
    assert read["ETag"] == f'"{read.json()["version"]}"'
    without = ask(script, "PATCH", f"incidents/{incident.pk}/", {"severity": "low"})
    assert (without.status_code, without["Content-Type"]) == (428, "application/problem+json")
    assert "If-Match" in without.json()["detail"]
    assert patch(script, incident, {"severity": "low"}, f"W/{read['ETag']}").status_code == 200
    told = patch(script, incident, {"severity": "high"}, read["ETag"])
    assert (told.status_code, told.json()["version"]) == (412, incident.version + 1)
    assert told["ETag"] == f'"{incident.version + 1}"'
    assert patch(script, incident, {"severity": "high"}, f'"7000", {told["ETag"]}').status_code == 200
    for nonsense in ("7", '"7', '"7" x', ""):
        assert patch(script, incident, {"severity": "high"}, nonsense).status_code == 400, nonsense
    assert patch(script, incident, {"severity": "low"}, '"other"').status_code == 412


def test_a_stale_write_is_told_which_fields_are_in_conflict(script: Client, incident: Incident, lee: User) -> None:
    seen = incident.version
    change_tags(incident, add=["wave"], actor=lee.as_actor())
    told = patch(script, incident, {"severity": "low"}, seen).json()
    assert (told["status"], told["version"], "errors" in told) == (412, seen + 1, False)
    assert "other fields" in told["detail"]
    told = patch(script, incident, {"tags": ["mine"], "severity": "low"}, seen).json()
    assert told["errors"] == [
        {"field": "tags", "problem": "changed by Lee Park", "current": ["wave"], "yours": ["mine"]}
    ]


def test_who_was_kept_out_meanwhile_is_not_told_what_it_is_by_now(
    script: Client, incident: Incident, lee: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The incident was found, and restricted before it was locked."""
    from incidents.api import changing  # the module whose look-up is overtaken

    look_up = changing.visible_or_404

    def overtaken(number: int, principal: Any) -> Incident:
        found = look_up(number, principal)
        restrict(found, [lee], actor=lee.as_actor())
        return found

    monkeypatch.setattr(changing, "visible_or_404", overtaken)
    assert patch(script, incident, {"severity": "low"}, incident.version).status_code == 404


def test_what_was_merged_away_is_changed_by_nobody(script: Client, incident: Incident) -> None:
    other = opened(alert("9", title="Password spray"))
    body = {"target": other.pk, "sources": [incident.pk], "reason": "One attack"}
    assert ask(script, "POST", "incidents/merge/", body).status_code == 200
    told = patch(script, incident, {"severity": "low"})
    assert (told.status_code, f"#{other.pk}" in told.json()["detail"]) == (409, True)


EDITS = int(os.environ.get("API_EDITS", "6"))
"""Of each client; `API_EDITS=50` tries more."""
CLIENTS = 8


@pytest.mark.django_db(transaction=True)
def test_eight_clients_edit_one_incident_and_each_acknowledged_edit_is_applied(settings: Any) -> None:
    settings.API_WRITES_PER_MINUTE = 0
    incident = opened(alert("1"))
    _, key = create_token("script", actor=SYSTEM, role="lead")
    acknowledged: list[tuple[str, str]] = []
    wrong: list[Any] = []
    start = timezone.now().replace(second=0, microsecond=0) + timedelta(days=1)

    def edit(number: int) -> None:
        client = Client(headers={"Authorization": f"Bearer {key}"})
        try:
            version: Any = incident.version
            for place in range(EDITS):
                due = (start + timedelta(minutes=number * EDITS + place)).isoformat()
                while (answer := patch(client, incident, {"due": due}, version)).status_code == 412:
                    version = answer.json()["version"]
                    time.sleep(random.uniform(0, 0.1))  # as a client that is polite to the others does
                if answer.status_code != 200:
                    wrong.append(answer.content)
                    return
                version = answer.json()["version"]
                acknowledged.append((str(version), due))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=edit, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(acknowledged) == CLIENTS * EDITS
    entries = Entry.objects.of_incident(incident.pk).filter(verb="incident.due_set")
    applied = {(str(entry.incident_version), entry.changes[0]["new"]) for entry in entries}
    assert applied == set(acknowledged)
    assert Incident.objects.get().version == incident.version + CLIENTS * EDITS


# ---------------------------------------------------------------------------------------------------------- its buttons


def test_snoozing_waking_and_undoing(
    script: Client, incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    path = f"incidents/{incident.pk}"
    assert ask(script, "POST", f"{path}/snooze/", {"preset": "4h"}).status_code == 428
    wrong = ask(script, "POST", f"{path}/snooze/", {"preset": "never"}, "*")
    assert (wrong.status_code, fields(wrong)) == (400, ["preset"])
    assert fields(ask(script, "POST", f"{path}/snooze/", {}, "*")) == ["until"]
    asleep = ask(script, "POST", f"{path}/snooze/", {"until": "2026-12-24T08:00:00Z"}, incident.version)
    later = (timezone.now() + timedelta(days=2)).replace(microsecond=0, second=0).isoformat().replace("+00:00", "Z")
    asleep = ask(script, "POST", f"{path}/snooze/", {"until": later}, "*")
    assert (asleep.status_code, asleep.json()["snoozed_until"]) == (200, later)
    assert ask(script, "POST", f"{path}/wake/", {}, asleep["ETag"]).json()["snoozed_until"] is None
    act = patch(script, incident, {"severity": "low", "add_tags": ["wave"]}).json()["act"]
    patch(sign_in(ana), incident, {"severity": "medium"})
    told = ask(script, "POST", f"{path}/undo/", {"act": act}).json()
    assert (told["taken_back"], told["severity"], told["tags"]) == (True, "medium", [])
    assert "severity, which Ana Ruiz has changed since" in told["reason"]
    assert ask(script, "POST", f"{path}/undo/", {"act": str(uuid4())}).status_code == 404
    other = script_of(name="other")
    assert ask(other, "POST", f"{path}/undo/", {"act": act}).status_code == 404


def test_following_is_for_people(
    script: Client, incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    path, client = f"incidents/{incident.pk}", sign_in(ana)
    assert ask(client, "POST", f"{path}/follow/").json() == {"incident": incident.pk, "following": True}
    assert Follower.objects.filter(incident=incident, user=ana).exists()
    assert ask(client, "POST", f"{path}/unfollow/").json()["following"] is False
    assert not Follower.objects.exists()
    assert ask(script, "POST", f"{path}/follow/").status_code == 409


def test_classifying_like_others(script: Client, incident: Incident) -> None:
    path = f"incidents/{incident.pk}/classify-like-these/"
    told = ask(script, "POST", path, {"classification": "true_positive", "determination": "phishing"}, "*").json()
    assert (told["determination"], bool(told["act"])) == ("phishing", True)
    misfit = ask(script, "POST", path, {"classification": "false_positive", "determination": "phishing"}, "*")
    assert misfit.status_code == 409
    assert fields(ask(script, "POST", path, {}, "*")) == ["classification"]


# ------------------------------------------------------------------------------------------------------------- comments


def test_a_comment_is_written_written_anew_and_removed(script: Client, incident: Incident) -> None:
    written = ask(script, "POST", f"incidents/{incident.pk}/comments/", {"text": "Seen **before**."})
    told = written.json()
    assert (written.status_code, told["text"], told["author"]["name"]) == (201, "Seen **before**.", "script")
    path = f"incidents/{incident.pk}/comments/{told['number']}/"
    assert written["Location"].endswith(f"/api/v1/{path}")
    assert ask(script, "PATCH", path, {"text": "x"}).status_code == 428
    anew = ask(script, "PATCH", path, {"text": "Never seen."}, written["ETag"])
    assert (anew.status_code, anew.json()["text"], anew.json()["changed_by"]) == (200, "Never seen.", "script")
    stale = ask(script, "PATCH", path, {"text": "Mine"}, written["ETag"])
    assert (stale.status_code, stale.json()["version"]) == (412, anew.json()["version"])
    assert (stale.json()["errors"][0]["current"], stale.json()["errors"][0]["yours"]) == ("Never seen.", "Mine")
    assert ask(script, "DELETE", path, {}, written["ETag"]).status_code == 412
    assert ask(script, "DELETE", path, {}, anew["ETag"]).status_code == 204
    gone = script.get(f"/api/v1/{path}").json()
    assert (gone["removed"], gone["text"]) == (True, None)
    assert ask(script, "PATCH", path, {"text": "Again"}, "*").status_code == 409


def test_a_comment_is_its_authors(script: Client, incident: Incident, lee: User) -> None:
    entry = Entry.objects.get(pk=add_comment(incident, "Lee's", actor=lee.as_actor()).pk)
    path = f"incidents/{incident.pk}/comments/{entry.sequence}/"
    assert ask(script_of("analyst", "other"), "PATCH", path, {"text": "Mine"}, "*").status_code == 403
    assert ask(script, "PATCH", path, {"text": "Moderated"}, "*").status_code == 200
    assert script.get(f"/api/v1/incidents/{incident.pk}/comments/1/").status_code == 404


# ---------------------------------------------------------------------------------------------- who sees it; its files


def test_restricting_naming_and_lifting(
    script: Client, incident: Incident, lee: User, tier2: Team, sign_in: Callable[[User], Client]
) -> None:
    path, client = f"incidents/{incident.pk}/restriction/", sign_in(lee)
    wrong = ask(client, "PUT", path, {"members": ["lee", "nobody"]}, "*")
    assert (wrong.status_code, sorted(fields(wrong))) == (400, ["members", "reason"])
    told = ask(client, "PUT", path, {"members": ["lee"], "reason": "Staff matter"}, incident.version)
    assert (told.status_code, told.json()["members"]) == (200, ["lee"])
    assert script.get(f"/api/v1/{path}").status_code == 404
    assert ask(client, "PUT", path, {"members": ["lee", "team:tier2"]}, incident.version).status_code == 412
    told = ask(client, "PUT", path, {"members": ["lee", "team:tier2"]}, told["ETag"])
    assert told.json()["members"] == ["lee", "team:tier2"]
    assert fields(ask(client, "DELETE", path, {}, "*")) == ["reason"]
    assert ask(client, "DELETE", path, {"reason": "Solved"}, "*").json()["restricted"] is False
    last = ask(script, "PUT", path, {"members": ["lee"], "reason": "Staff matter"}, "*")
    assert (last.status_code, script.get(f"/api/v1/incidents/{incident.pk}/").status_code) == (200, 404)


def test_only_who_may_restrict_names_people_with_an_assignment(
    incident: Incident, ana: User, lee: User, rio: User, sign_in: Callable[[User], Client]
) -> None:
    restrict(incident, [lee, ana], actor=lee.as_actor())
    body = {"assignee": "rio", "name_assignee": True}
    assert patch(sign_in(ana), incident, body).status_code == 403
    assert patch(sign_in(lee), incident, {"assignee": "rio"}).status_code == 409
    assert patch(sign_in(lee), incident, body).json()["assignee"]["key"] == "rio"


def test_a_file_is_taken_off_and_erased(incident: Incident) -> None:
    script = script_of("admin")
    file = SimpleUploadedFile("a.png", image())
    number = script.post(f"/api/v1/incidents/{incident.pk}/attachments/", {"file": file}).json()["id"]
    erase = f"attachments/{number}/erase/"
    assert ask(script, "POST", erase, {"reason": "Private"}).status_code == 409
    assert ask(script, "DELETE", f"attachments/{number}/").status_code == 204
    assert script.get(f"/api/v1/attachments/{number}/").status_code == 404
    assert fields(ask(script, "POST", erase)) == ["reason"]
    assert ask(script, "POST", erase, {"reason": "Private"}).json()["erased"] is not None
    assert Attachment.objects.get().erased_at is not None
