"""Second factors: set up, asked for at the door, demanded by a role, taken away."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import (
    add_authenticator_app,
    create_token,
    demand_second_factor,
    make_recovery_codes,
    remove_factor,
)
from accounts.models import Role, Untold, User
from accounts.second_factors import SecondFactors, unused_codes
from activity.actors import SYSTEM
from activity.models import Entry
from activity.wording import sentence
from common.errors import Refused
from incidents.models import Incident
from tests.conftest import PASSWORD

SIGN_IN, SECOND_STEP, HOME = reverse("account_login"), reverse("mfa_authenticate"), reverse("preferences")
SECURITY = reverse("security:overview")
APP, CODES = reverse("security:authenticator_app"), reverse("security:recovery_codes")


def code_of(secret: str, steps: int = 0) -> str:
    """The code that an app shows, some half minutes from now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def at_the_second_step(user: User) -> Client:
    client = Client()
    answer = client.post(SIGN_IN, {"login": user.username, "password": PASSWORD})
    assert answer["Location"] == SECOND_STEP
    return client


def is_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def said(*verbs: str) -> list[str]:
    return [sentence(entry) for entry in Entry.objects.filter(verb__in=verbs).order_by("pk")]


@pytest.fixture
def secret(ana: User) -> str:
    """Of the app that Ana has."""
    secret = generate_totp_secret()
    add_authenticator_app(ana, secret, actor=ana.as_actor())
    return secret


def test_an_app_is_set_up_with_recovery_codes_that_are_shown_once(ana: User) -> None:
    client = Client()
    client.post(SIGN_IN, {"login": "ana", "password": PASSWORD})
    page = client.get(APP).content.decode()
    secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)[1].replace(" ", "")  # type: ignore[index]
    assert '<svg class="qr"' in page
    assert "style=" not in page
    assert client.post(APP, {"code": "000000x"}).status_code == 422
    assert not Authenticator.objects.exists()
    assert client.post(APP, {"code": code_of(secret)})["Location"] == CODES
    shown = re.findall(r"<li><code>(\d{8})</code></li>", client.get(CODES).content.decode())
    assert shown == unused_codes(ana)
    assert len(shown) == 10
    assert shown[0] not in client.get(CODES).content.decode()
    assert "10</span> recovery codes left" in client.get(SECURITY).content.decode()
    assert said("factor.added", "factor.codes_made") == [
        "gave Ana Ruiz a second factor: Authenticator app",
        "made recovery codes for Ana Ruiz",
    ]
    assert secret not in str(list(Authenticator.objects.values()))
    assert not any(word in str(list(Entry.objects.values())) for word in (secret, *shown))


def test_a_secret_is_worth_nothing_under_another_key(settings: Any) -> None:
    kept = SecondFactors().encrypt("JBSWY3DPEHPK3PXP")
    assert SecondFactors().decrypt(kept) == "JBSWY3DPEHPK3PXP"
    settings.SECRET_KEY = "another-key-of-more-than-32-characters"
    assert SecondFactors().decrypt(kept) not in ("", "JBSWY3DPEHPK3PXP")


def test_the_password_alone_opens_nothing(ana: User, secret: str) -> None:
    client = at_the_second_step(ana)
    assert not is_in(client)
    assert client.post(SECOND_STEP, {"code": "000000"}).status_code == 200
    assert not is_in(client)
    assert Untold.objects.get(user=ana).times == 1
    code = code_of(secret)
    assert client.post(SECOND_STEP, {"code": code})["Location"] == reverse("home")
    assert is_in(client)
    assert Entry.objects.get(verb="session.started").facts["by"] == ["password", "authenticator app"]
    again = at_the_second_step(ana)
    again.post(SECOND_STEP, {"code": code})
    assert not is_in(again)


def test_a_code_works_once_even_when_clocks_differ(ana: User, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, now = code_of(secret), time.time()
    assert at_the_second_step(ana).post(SECOND_STEP, {"code": code}).status_code == 302
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.TOTP._mark_code_used", lambda *_: True)
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: now + 31)
    client = at_the_second_step(ana)
    assert client.post(SECOND_STEP, {"code": code}).status_code == 200
    assert not is_in(client)


def test_a_recovery_code_stands_in_once(ana: User, secret: str) -> None:
    code = (unused_codes(ana) or [])[3]
    client = at_the_second_step(ana)
    client.post(SECOND_STEP, {"code": code})
    assert is_in(client)
    assert said("factor.code_used") == ["used a recovery code; 9 are left"]
    again = at_the_second_step(ana)
    again.post(SECOND_STEP, {"code": code})
    assert not is_in(again)


def test_codes_cannot_be_guessed(ana: User, secret: str) -> None:
    client = at_the_second_step(ana)
    for number in range(12):
        client.post(SECOND_STEP, {"code": f"{number:06}"})
    assert client.post(SECOND_STEP, {"code": code_of(secret)}).status_code == 200
    assert not is_in(client)
    Authenticator.objects.all().delete()
    assert client.get(SECOND_STEP)["Location"] == SIGN_IN


def test_changes_ask_first_who_is_there(ana: User, secret: str, sign_in: Callable[[User], Client]) -> None:
    """Whoever finds a browser open does not change how its owner signs in."""
    client, factor = sign_in(ana), Authenticator.objects.get(type="totp")
    page = reverse("security:factor", args=[factor.pk])
    ask = reverse("account_reauthenticate")
    for place in (APP, CODES, page, reverse("security:new_passkey")):
        for asked in (client.get(place), client.post(place, {"remove": "yes", "code": code_of(secret)})):
            assert asked["Location"] == f"{ask}?next={place.replace('/', '%2F')}"
    assert Authenticator.objects.filter(pk=factor.pk).exists()
    assert client.post(ask, {"password": "wrong", "next": page}).status_code == 200
    assert client.post(ask, {"password": PASSWORD, "next": page})["Location"] == page
    assert client.post(page, {"remove": "yes"})["Location"] == SECURITY
    assert not Authenticator.objects.exists()
    assert said("factor.removed") == ["removed a second factor of Ana Ruiz: Authenticator app"]


def test_a_code_shows_who_is_there_as_well(ana: User, secret: str, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    confirm = reverse("mfa_reauthenticate")
    assert client.post(confirm, {"code": "1", "next": CODES}).status_code == 200
    assert client.post(confirm, {"code": code_of(secret), "next": CODES})["Location"] == CODES
    assert client.get(CODES).status_code == 200
    assert said("factor.used") == ["showed once more who they are: Authenticator app"]


def test_factors_of_others_do_not_exist(ana: User, rio: User, secret: str) -> None:
    client = Client()
    client.post(SIGN_IN, {"login": "rio", "password": PASSWORD})
    page = reverse("security:factor", args=[Authenticator.objects.get(type="totp").pk])
    assert client.get(page).status_code == client.post(page, {"remove": "yes"}).status_code == 404
    assert Authenticator.objects.filter(user=ana).count() == 2


def test_a_role_that_demands_one_leads_there_before_anything_else(
    ana: User, incident: Incident, sign_in: Callable[[User], Client]
) -> None:
    client, poll = sign_in(ana), reverse("incidents:changes")
    moment = client.get(poll, {"since": 2**61})["X-Last-Entry"]
    assert client.get(poll, {"since": moment}).status_code == 204
    demand_second_factor(ana.role, True, actor=SYSTEM)
    assert client.get(poll, {"since": moment})["Location"] == SECURITY
    for page in ("/incidents/", f"/incidents/{incident.pk}/", HOME, "/", "/exports/incidents.csv"):
        assert client.get(page)["Location"] == SECURITY
    assert client.post(reverse("incidents:comment", args=[incident.pk]), {"text": "x"})["Location"] == SECURITY
    fragment = client.get("/incidents/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (403, SECURITY)
    for header in ({}, {"Authorization": "Basic YTpi"}):
        refused = client.get("/api/v1/incidents/", headers=header)
        assert refused.status_code == 403
        assert SECURITY in refused.json()["detail"]
    _, key = create_token("script", actor=SYSTEM, role="analyst")
    assert client.get("/api/v1/incidents/", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    page = client.get(SECURITY).content.decode()
    assert "Your role, Analyst, takes a second factor" in page
    assert 'class="rail"' not in page
    factor = add_authenticator_app(ana, generate_totp_secret(), actor=SYSTEM)
    assert client.get("/incidents/").status_code == client.get("/api/v1/incidents/").status_code == 200
    with pytest.raises(Refused, match="Add another one"):
        remove_factor(factor, actor=SYSTEM)


def test_recovery_codes_alone_are_no_factor(ana: User, secret: str, sign_in: Callable[[User], Client]) -> None:
    make_recovery_codes(ana, actor=SYSTEM)
    Authenticator.objects.filter(type="totp").delete()
    demand_second_factor(ana.role, True, actor=SYSTEM)
    assert sign_in(ana).get("/incidents/")["Location"] == SECURITY


def test_an_administrator_demands_one_and_takes_lost_ones_away(
    ana: User, ada: User, secret: str, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(ada)
    client.post(reverse("sign_in_settings:demand", args=["analyst"]), {"demanded": "1"})
    assert Role.objects.get(slug="analyst").demands_second_factor
    page = client.get(reverse("sign_in_settings:overview")).content.decode()
    (row,) = re.findall(r"<tr><td>Analyst</td>.*?</tr>", page)
    assert re.findall(r"<td[^>]*>(\w+)", row) == ["Analyst", "1", "1", "Demanded"]
    person = reverse("sign_in_settings:person", args=["ana"])
    assert client.get(reverse("sign_in_settings:overview"), {"person": "ANA"})["Location"] == person
    assert "Authenticator app" in client.get(person).content.decode()
    client.post(reverse("sign_in_settings:take", args=["ana"]))
    assert not Authenticator.objects.exists()
    entry = Entry.objects.get(verb="factor.all_taken")
    assert (entry.actor_label, entry.subject_label) == ("Ada Lind", "Ana Ruiz")
    assert Client().post(SIGN_IN, {"login": "ana", "password": PASSWORD})["Location"] == reverse("home")


def test_the_command_line_takes_them_away_too(ana: User, secret: str) -> None:
    call_command("take_second_factors", "Ana")
    assert not Authenticator.objects.exists()
    assert Entry.objects.get(verb="factor.all_taken").channel == "command_line"


CREDENTIALS = [
    "", "x", "null", "[]", "1", '"x"', "{}", '{"id": 1}', '{"response": null}', '{"response": []}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "\\u0000", "clientDataJSON": "e30"}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"userHandle": "MQ", "clientDataJSON": "e30",'
    ' "authenticatorData": "AA", "signature": "AA", "attestationObject": "oA"}}',
    '{"response": {"userHandle": {"a": 1}}}', '{"response": {"userHandle": "' + "A" * 40_000 + '"}}',
    "[" * 2_000, '{"id":"\\ud800","response":{"userHandle":"\\ud800"}}',
]  # fmt: skip


def test_what_is_no_passkey_is_a_wrong_answer_and_nothing_else(ana: User, secret: str) -> None:
    signed_in = at_the_second_step(ana)
    signed_in.post(SECOND_STEP, {"code": code_of(secret)})
    for credential in CREDENTIALS:
        nobody = Client()
        assert nobody.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"}).status_code == 200
        told = nobody.post(reverse("mfa_login_webauthn"), {"credential": credential})
        assert told.status_code in (302, 429), credential
        signed_in.get(reverse("security:new_passkey"))
        told = signed_in.post(reverse("security:new_passkey"), {"name": "Key", "credential": credential})
        assert told.status_code == 422, credential
        at_the_step = signed_in.post(reverse("mfa_reauthenticate_webauthn"), {"credential": credential})
        assert at_the_step.status_code in (302, 429), credential
    assert not Authenticator.objects.filter(type="webauthn").exists()
    assert is_in(signed_in)


def test_somebody_shut_out_stays_out_at_the_second_step(ana: User, secret: str) -> None:
    client = at_the_second_step(ana)
    User.objects.get_queryset().filter(pk=ana.pk).update(is_active=False)
    client.post(SECOND_STEP, {"code": code_of(secret)})
    assert not is_in(client)


def test_the_second_step_does_not_wait_for_ever(ana: User, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = at_the_second_step(ana)
    later = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("allauth.account.internal.stagekit.time.time", lambda: later.timestamp())
    assert client.get(SECOND_STEP)["Location"] == SIGN_IN
