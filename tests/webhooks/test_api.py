"""Webhooks through the API: the same as the pages, strictly read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.commands import create_token
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from incidents.commands import add_comment
from incidents.models import Incident
from tests.webhooks.receivers import Receiver
from tests.webhooks.subscribed import send, subscribed
from webhooks.models import Delivery, Subscription
from webhooks.secrets import opened as secret_of

ROOT = "/api/v1/webhooks/"
NEW = {"name": "SOAR", "address": "https://hooks.example/soc", "groups": ["status"]}


@pytest.fixture
def script(db: None) -> Client:
    """A token with the rights of an administrator."""
    _, key = create_token("script", actor=SYSTEM, role="admin")
    return Client(headers={"Authorization": f"Bearer {key}"})


def sent(client: Client, method: str, path: str, said: Any = None, version: int | None = None) -> Any:
    call, headers = getattr(client, method), {} if version is None else {"If-Match": f'"{version}"'}
    if said is None and method != "post":
        return call(path)
    return call(path, said if said is not None else {}, content_type="application/json", headers=headers)


def problems(answer: Any) -> dict[str, str]:
    return {each["field"]: each["problem"] for each in answer.json()["errors"]}


def test_from_making_one_to_deleting_it(script: Client) -> None:
    answer = sent(script, "post", ROOT, {**NEW, "query": "severity=high"})
    assert answer.status_code == 201 and answer["Cache-Control"] == "no-store"
    made = answer.json()
    stored = Subscription.objects.get()
    assert made["secret"] == secret_of(stored.secret)
    assert (made["query"], made["reader"], made["is_on"]) == ("severity=high&status=any&snoozed=any", "script", True)
    where = f"{ROOT}{made['id']}/"
    assert sent(script, "get", where).json() == {key: value for key, value in made.items() if key != "secret"}
    assert [each["id"] for each in sent(script, "get", ROOT).json()["webhooks"]] == [made["id"]]
    changed = sent(script, "patch", where, {"name": "Chat", "with_texts": True}, version=1)
    assert changed.status_code == 200 and changed["ETag"] == '"2"'
    assert sent(script, "patch", where, {"name": "Chat"}).status_code == 428
    assert (changed.json()["name"], changed.json()["with_texts"], changed.json()["version"]) == ("Chat", True, 2)
    assert changed.json()["query"] == made["query"]
    late = sent(script, "patch", where, {"name": "Mail"}, version=1)
    assert late.status_code == 412 and problems(late) == {"name": "changed by script"}
    assert sent(script, "delete", where).status_code == 204
    assert sent(script, "get", where).status_code == 404
    assert sent(script, "get", ROOT).json() == {"webhooks": []}
    assert {entry.channel for entry in Entry.objects.filter(verb__startswith="webhook.")} == {"api"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ([], "body"),
        ({**NEW, "secret": "whsec_mine"}, "secret"),
        ({**NEW, "user": 1}, "user"),
        ({"address": NEW["address"], "groups": ["status"]}, "name"),
        ({**NEW, "name": 7}, "name"),
        ({**NEW, "groups": "status"}, "groups"),
        ({**NEW, "groups": [1]}, "groups[0]"),
        ({**NEW, "with_texts": "yes"}, "with_texts"),
        ({**NEW, "is_on": "no"}, "is_on"),
    ],
)
def test_what_is_malformed_is_a_400_at_its_field(script: Client, said: Any, field: str) -> None:
    answer = sent(script, "post", ROOT, said)
    assert answer.status_code == 400 and field in problems(answer)
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"address": "http://169.254.169.254/latest/meta-data/"}, "address"),
        ({"address": "https://[::ffff:a00:1]/"}, "address"),
        ({"groups": []}, "groups"),
        ({"groups": ["everything"]}, "groups"),
        ({"query": "severty=high"}, "query"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_what_may_not_be_is_a_409_at_its_field(script: Client, said: dict[str, Any], field: str) -> None:
    answer = sent(script, "post", ROOT, {**NEW, **said})
    assert answer.status_code == 409 and list(problems(answer)) == [field]


def test_keys_and_numbers_that_mean_nothing_are_refused(script: Client, ada: User) -> None:
    made = subscribed(ada)
    assert sent(script, "get", f"{ROOT}?limit=5").status_code == 400
    assert sent(script, "get", f"{ROOT}{10**30}/").status_code == 404
    deliveries = f"{ROOT}{made.pk}/deliveries/"
    for query in ("state=lost", "before=x", "limit=0", "state=waiting&state=delivered", "page=2"):
        assert sent(script, "get", f"{deliveries}?{query}").status_code == 400, query
    assert sent(script, "post", f"{ROOT}{made.pk}/test/", {"to": "me"}).status_code == 400
    assert sent(script, "patch", f"{ROOT}{made.pk}/", {"nonsense": "New"}, version=1).status_code == 400


def test_messages_tries_tests_and_sending_again(
    script: Client, ada: User, ana: User, incident: Incident, hook: Receiver
) -> None:
    made = subscribed(ada, hook.url)
    where = f"{ROOT}{made.pk}/"
    for number in range(3):
        add_comment(incident, f"{number}", actor=ana.as_actor())
    asked = sent(script, "post", f"{where}test/")
    assert asked.status_code == 202 and asked.json()["type"] == "webhook.test"
    send()
    first = sent(script, "get", f"{where}deliveries/?limit=3").json()
    assert [each["type"] for each in first["deliveries"]] == ["webhook.test", "comment.added", "comment.added"]
    rest = sent(script, "get", first["next"]).json()
    assert len(rest["deliveries"]) == 1 and rest["next"] is None
    one = rest["deliveries"][0]
    assert (one["state"], one["incident"], one["next_try"]) == ("delivered", incident.pk, None)
    told = sent(script, "get", f"{where}deliveries/{one['id']}/").json()
    assert [each["status"] for each in told["attempts"]] == [200]
    again = sent(script, "post", f"{where}deliveries/{one['id']}/replay/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    send()
    assert hook.heard[-1].id == one["message"]
    Delivery.objects.update(state="given_up", ended_at=timezone.now() - timedelta(hours=1))
    assert sent(script, "post", f"{where}replay/").json() == {"replayed": 4}
    assert sent(script, "get", f"{where}deliveries/?state=given_up").json()["deliveries"] == []


def test_secrets_are_asked_for_by_themselves(script: Client, ada: User) -> None:
    made = subscribed(ada)
    where = f"{ROOT}{made.pk}/secret/"
    first = sent(script, "post", where)
    assert first["Cache-Control"] == "no-store" and first.json()["former_secret"] is None
    second = sent(script, "post", f"{where}new/").json()
    assert second["former_secret"] == first.json()["secret"] != second["secret"]
    assert sent(script, "get", where).status_code == 405
    sent(script, "patch", f"{ROOT}{made.pk}/", {"is_on": False}, version=2)
    assert sent(script, "post", f"{ROOT}{made.pk}/test/").status_code == 409


def test_there_are_not_too_many(script: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.commands.subscriptions.MOST_SUBSCRIPTIONS", 1)
    subscribed(ada)
    answer = sent(script, "post", ROOT, NEW)
    assert answer.status_code == 409 and "There are 1 webhooks already" in answer.json()["detail"]
