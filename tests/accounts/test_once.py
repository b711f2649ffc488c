"""Idempotency-Key: sent again, a POST is answered as before and does nothing more."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import KeptAnswer, User
from accounts.tasks import forget_kept_answers
from activity.actors import SYSTEM
from activity.models import Entry
from incidents.commands import restrict
from incidents.models import Attachment, Incident
from tests.conftest import alert, opened
from tests.incidents.uploads import image


def script_of(role: str = "lead", name: str = "script") -> Client:
    _, key = create_token(name, actor=SYSTEM, role=role)
    return Client(headers={"Authorization": f"Bearer {key}"})


def say(client: Client, incident: Incident, key: str, text: Any = "Seen before.") -> Any:
    body = json.dumps({"text": text})
    where = f"/api/v1/incidents/{incident.pk}/comments/"
    return client.post(where, body, content_type="application/json", headers={"Idempotency-Key": key})


def comments() -> int:
    return Entry.objects.filter(verb="comment.added").count()


def test_sent_again_it_is_answered_as_before(incident: Incident) -> None:
    script = script_of()
    first, again = say(script, incident, "one"), say(script, incident, '"one"')
    assert (first.status_code, again.status_code, comments()) == (201, 201, 1)
    assert first.content == again.content
    assert (first["Location"], first["ETag"]) == (again["Location"], again["ETag"])
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    spaced = '{ "text" :\n "Seen before." }'
    where, headers = f"/api/v1/incidents/{incident.pk}/comments/", {"Idempotency-Key": "one"}
    assert script.post(where, spaced, content_type="application/json", headers=headers).content == first.content
    assert say(script, incident, "two").content != first.content
    assert comments() == 2


def test_a_key_is_one_request_of_one_principal(incident: Incident) -> None:
    script, other = script_of(), script_of("lead", "other")
    assert say(script, incident, "one").status_code == 201
    otherwise = say(script, incident, "one", "Something else")
    assert (otherwise.status_code, otherwise.json()["title"]) == (422, "Key used before")
    assert "Idempotency-Replayed" not in say(other, incident, "one")
    assert comments() == 2


def test_what_was_refused_is_not_kept(incident: Incident) -> None:
    script = script_of()
    assert say(script, incident, "one", 5).status_code == 400
    assert say(script, incident, "one", "x" * 40_000).status_code == 409
    assert KeptAnswer.objects.count() == 0
    assert say(script, incident, "one").status_code == 201


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused_by_name(incident: Incident, key: str) -> None:
    answer = say(script_of(), incident, key)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_who_does_not_see_it_any_more_is_not_told_again(incident: Incident, lee: User) -> None:
    script = script_of()
    assert say(script, incident, "one").status_code == 201
    restrict(incident, [lee], actor=lee.as_actor())
    assert say(script, incident, "one").status_code == 404


def test_it_is_kept_for_a_day(incident: Incident) -> None:
    script = script_of()
    first = say(script, incident, "one")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=23))
    forget_kept_answers()
    assert say(script, incident, "one").content == first.content
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotency-Replayed" not in say(script, incident, "one")
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    forget_kept_answers()
    assert KeptAnswer.objects.count() == 0


def test_files_and_alerts_are_sent_once_too(incident: Incident) -> None:
    script = script_of("admin")
    where = f"/api/v1/incidents/{incident.pk}/attachments/"
    sent = [
        script.post(where, {"file": SimpleUploadedFile("a.png", image())}, headers={"Idempotency-Key": "file"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].content == sent[1].content
    assert Attachment.objects.count() == 1
    found = {"source": "edr", "external_id": "new", "title": "Beacon", "severity": "high",
             "first_activity": "2026-11-02T12:00:00Z"}  # fmt: skip
    bodies = [
        script.post(
            "/api/v1/alerts/", json.dumps(found), content_type="application/json", headers={"Idempotency-Key": "alert"}
        )
        for _ in range(2)
    ]
    assert [answer.json()["created"] for answer in bodies] == [1, 1]
    plain = script.post("/api/v1/alerts/", json.dumps(found), content_type="application/json")
    assert (plain.json()["created"], plain.json()["repeated"]) == (0, 1)


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_under_one_key_are_one() -> None:
    incident = opened(alert("1"))
    _, key = create_token("script", actor=SYSTEM, role="lead")

    def send(_: int) -> tuple[int, bytes]:
        try:
            client = Client(headers={"Authorization": f"Bearer {key}"})
            answer = say(client, incident, "one")
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(50)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert comments() == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_carried_out_another_is_told_to_wait() -> None:
    """And what was cut off before it committed has left neither change nor answer."""
    incident = opened(alert("1"))
    _, key = create_token("script", actor=SYSTEM, role="lead")
    client = Client(headers={"Authorization": f"Bearer {key}"})
    holding, end = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT id FROM incidents_incident WHERE id = %s FOR UPDATE", [incident.pk])
            holding.set()
            end.wait(10)
            cursor.execute("ROLLBACK")
        connection.close()

    def first() -> None:
        answers.append(say(Client(headers={"Authorization": f"Bearer {key}"}), incident, "one"))
        connection.close()

    answers: list[Any] = []
    threads = [threading.Thread(target=hold), threading.Thread(target=first)]
    threads[0].start()
    assert holding.wait(10)
    threads[1].start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    with connection.cursor() as cursor:
        for _ in range(2_000):
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                break
            threading.Event().wait(0.01)
    told = say(client, incident, "one")
    assert (told.status_code, told["Retry-After"], told.json()["title"]) == (409, "1", "Being carried out")
    end.set()
    for thread in threads:
        thread.join(10)
    assert (answers[0].status_code, comments(), KeptAnswer.objects.count()) == (201, 1, 1)
    assert say(client, incident, "one").content == answers[0].content


@pytest.mark.django_db(transaction=True)
def test_change_and_answer_are_there_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    incident = opened(alert("1"))
    script = script_of()
    script.raise_request_exception = False

    def dies(*_: Any, **__: Any) -> None:
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("accounts.once.keep_answer", dies)
        assert say(script, incident, key := str(uuid4())).status_code == 500
    assert (comments(), KeptAnswer.objects.count()) == (0, 0)
    assert say(script, incident, key).status_code == 201
    assert comments() == 1
