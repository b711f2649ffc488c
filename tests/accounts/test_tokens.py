"""Service tokens: machines' keys to the API."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import create_token, revoke_token
from accounts.models import AccessToken
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused

ALERTS = reverse("api:alerts")


def sent(key: str | None, **headers: str) -> Any:
    """An empty request: enough to see whether somebody gets in."""
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return Client(headers=headers).post(ALERTS, b"", content_type="application/json")


def test_the_key_is_kept_as_a_digest_only(db: None) -> None:
    token, key = create_token("script", actor=SYSTEM, role="lead")
    assert re.fullmatch(r"wf_[A-Za-z0-9_-]{43}", key)
    assert token.digest == hashlib.sha256(key.encode()).hexdigest()
    assert token.hint == key[:8]
    assert key not in str([*AccessToken.objects.values(), *Entry.objects.values()])


def test_keys_are_never_the_same(db: None) -> None:
    keys = {create_token(f"script {number}", actor=SYSTEM, role="reader")[1] for number in range(20)}
    assert len(keys) == 20


def test_a_token_of_a_source_may_send_alerts_and_nothing_else(sensor: tuple[AccessToken, str]) -> None:
    assert {permission for permission in Permission if sensor[0].may(permission)} == {Permission.SEND_ALERTS}


def test_a_token_of_a_role_may_what_the_role_may(db: None) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="reader")
    assert {permission for permission in Permission if token.may(permission)} == {
        Permission.SEE_INCIDENTS,
        Permission.EXPORT,
    }


@pytest.mark.parametrize("kind", [{}, {"role": "lead", "source": "zeek"}, {"role": "emperor"}])
def test_it_has_either_a_role_or_a_source(db: None, kind: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        create_token("script", actor=SYSTEM, **kind)
    assert refused.value.field == "role"


def test_a_name_is_taken_once(db: None) -> None:
    create_token("script", actor=SYSTEM, role="reader")
    with pytest.raises(Refused) as refused:
        create_token("script", actor=SYSTEM, source="zeek")
    assert refused.value.field == "name"


def test_it_gets_in_by_its_key(sensor: tuple[AccessToken, str]) -> None:
    assert sent(sensor[1]).status_code == 400  # in, and told that the request is empty


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer wf_wrong",
        "Basic YTpi",
        "Token x",
        "Bearer é",
        "Bearer " + "x" * 9_000,
    ],
)
def test_any_other_key_is_a_401_that_says_how(sensor: tuple[AccessToken, str], header: str) -> None:
    answer = Client(headers={"Authorization": header}).post(ALERTS, b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="watchfloor"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_a_key_in_the_address_is_none(sensor: tuple[AccessToken, str]) -> None:
    assert Client().post(f"{ALERTS}?token={sensor[1]}", b"{}", content_type="application/json").status_code == 401


def test_a_revoked_one_is_out_at_once(sensor: tuple[AccessToken, str]) -> None:
    token, key = sensor
    revoke_token(token, actor=SYSTEM)
    assert sent(key).status_code == 401
    assert Entry.objects.of_system().filter(verb="token.revoked").count() == 1


@pytest.mark.parametrize(("hours", "status"), [(1, 400), (-1, 401), (0, 401)])
def test_an_expired_one_is_out(db: None, hours: int, status: int) -> None:
    _, key = create_token("old", actor=SYSTEM, source="zeek", expires_at=timezone.now() + timedelta(hours=hours))
    assert sent(key).status_code == status


def test_the_command_prints_the_key_alone(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_token", "zeek sensor", source="zeek")
    printed = capsys.readouterr()
    assert sent(printed.out.strip()).status_code == 400
    assert "not shown again" in printed.err


def test_the_command_says_what_it_refuses(db: None) -> None:
    call_command("create_token", "script", role="reader")
    with pytest.raises(CommandError):
        call_command("create_token", "script", role="reader")
    with pytest.raises(CommandError, match="There is no role “emperor”"):
        call_command("create_token", "other", role="emperor")


def test_its_use_is_recorded_once_an_hour_and_address(sensor: tuple[AccessToken, str]) -> None:
    for address in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        client = Client(headers={"Authorization": f"Bearer {sensor[1]}"}, REMOTE_ADDR=address)
        assert client.post(ALERTS, b"", content_type="application/json").status_code == 400
    used = Entry.objects.of_system().filter(verb="token.used", actor_kind="token", actor_id=sensor[0].pk)
    assert [entry.facts["remote_address"] for entry in used.order_by("pk")] == ["192.0.2.7", "192.0.2.8"]
