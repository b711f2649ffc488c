"""Exports for programs: ask, poll, fetch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from accounts.commands import create_token
from accounts.models import AccessToken, User
from activity.actors import SYSTEM
from activity.models import Entry
from exports.models import IncidentExport
from exports.options import ReportOptions
from incidents.models import Incident
from tests.exports.made import CONTENT, finished


@pytest.fixture(autouse=True)
def announced(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    found: list[UUID] = []
    monkeypatch.setattr("exports.api.exports.announce", found.append)
    return found


@pytest.fixture
def script(db: None) -> Client:
    """A token with the role of an analyst."""
    _, key = create_token("script", actor=SYSTEM, role="analyst")
    return Client(headers={"Authorization": f"Bearer {key}"})


def ask(client: Client, incident: Incident, **said: Any) -> Any:
    path = f"/api/v1/incidents/{incident.pk}/exports/"
    return client.post(path, json.dumps(said), content_type="application/json")


def test_a_program_asks_polls_and_fetches(
    script: Client, incident: Incident, announced: list[UUID], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = ask(script, incident, parts=["alerts", "overview"], caps=False, marking="green", time_zone="UTC")
    told = answer.json()
    assert (answer.status_code, told["state"], told["file"]) == (202, "queued", None)
    assert told["options"] == {
        "parts": ["overview", "alerts"], "caps": False, "marking": "green", "time_zone": "UTC",
    }  # fmt: skip
    assert answer["Location"] == told["url"]
    assert announced == [UUID(told["id"])]

    made = finished(IncidentExport.objects.get())
    told = script.get(told["url"]).json()
    assert (told["state"], told["percent"], told["sha256"]) == ("ready", 100, made.sha256)
    file: Any = script.get(told["file"])
    assert b"".join(file.streaming_content) == CONTENT
    entry = Entry.objects.get(verb="export.downloaded")
    assert (entry.actor_label, entry.channel) == ("script", "api")
    assert script.get("/api/v1/exports/").json()["exports"] == [told]

    again = ask(script, incident, parts=["overview", "alerts"], caps=False, marking="green")
    assert (again.status_code, again.json()["id"]) == (200, told["id"])


def test_without_choices_it_is_the_whole_report(script: Client, incident: Incident) -> None:
    ask(script, incident)
    assert IncidentExport.objects.get().report_options == ReportOptions()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"parts": []}, "parts"),
        ({"parts": "alerts"}, "parts"),
        ({"parts": ["gossip"]}, "parts"),
        ({"parts": [["alerts"]]}, "parts"),
        ({"caps": "no"}, "caps"),
        ({"caps": 1}, "caps"),
        ({"marking": "purple"}, "marking"),
        ({"marking": ["red"]}, "marking"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": {}}, "time_zone"),
        ({"format": "docx"}, "format"),
        ({"format": []}, "format"),
        ({"anew": "yes"}, "anew"),
        ({"part": ["alerts"]}, "part"),
        ([], "body"),
    ],
)
def test_what_means_nothing_is_refused_by_its_field(script: Client, incident: Incident, said: Any, field: str) -> None:
    path = f"/api/v1/incidents/{incident.pk}/exports/"
    answer = script.post(path, json.dumps(said), content_type="application/json")
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert not IncidentExport.objects.exists()


def test_a_file_that_is_not_there_yet_is_a_conflict(script: Client, incident: Incident) -> None:
    told = ask(script, incident).json()
    answer = script.get(f"{told['url']}file/")
    assert answer.status_code == 409
    assert "still being made" in answer.json()["detail"]


def test_a_token_is_not_given_what_a_person_asked_for(
    script: Client, incident: Incident, ana: User, sign_in: Callable[[User], Client]
) -> None:
    told = ask(sign_in(ana), incident).json()
    assert script.get(told["url"]).status_code == 404
    assert AccessToken.objects.count() == 1
