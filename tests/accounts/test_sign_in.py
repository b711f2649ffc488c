"""Signing in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.commands import create_user, deactivate, tell_untold
from accounts.commands.door import TOLD_APART
from accounts.models import Untold, User
from activity.actors import SYSTEM
from activity.models import Entry
from activity.wording import sentence
from tests.conftest import PASSWORD

SIGN_IN = reverse("account_login")


@pytest.fixture(autouse=True)
def _own_memory(settings: Any) -> None:
    """Failed tries are counted in a cache; here in one that no other process empties."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sign-in"}}
    cache.clear()


def sign_in_as(login: str, password: str = PASSWORD, **more: str) -> Any:
    return Client().post(SIGN_IN, {"login": login, "password": password, **more})


@pytest.fixture
def mia(db: None) -> User:
    return create_user(
        "mia", actor=SYSTEM, display_name="Mia Chen", role="analyst", password=PASSWORD, email="Mia.Chen@Example.org"
    )


@pytest.mark.parametrize("login", ["mia", "MIA", "mia.chen@example.org", "Mia.Chen@Example.org"])
def test_by_username_or_address(mia: User, login: str) -> None:
    answer = sign_in_as(login)
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))


def answer_to(login: str, password: str) -> tuple[int, str]:
    answer = sign_in_as(login, password)
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    text = re.sub(r"[A-Za-z0-9]{64}", "", text)
    return answer.status_code, text.replace(login, "LOGIN")


def test_who_is_wrong_is_not_told(ana: User, rio: User) -> None:
    """A wrong password, a name that is nobody's, and somebody deactivated are answered alike."""
    deactivate(rio, actor=SYSTEM)
    answers = {answer_to(*pair) for pair in (("ana", "wrong"), ("nobody", PASSWORD), ("rio", PASSWORD), ("rio", "x"))}
    assert len(answers) == 1
    ((status, text),) = answers
    assert status == 200
    assert "LOGIN" in text


def test_a_wrong_password_opens_nothing(ana: User) -> None:
    client = Client()
    client.post(SIGN_IN, {"login": "ana", "password": "wrong"})
    assert client.get(reverse("incidents:queue")).status_code == 302


def test_guessing_is_slowed_down(ana: User) -> None:
    for _ in range(30):
        sign_in_as("ana", "wrong")
    assert "Location" not in sign_in_as("ana")


def test_one_comes_back_to_where_one_wanted_to_go(ana: User) -> None:
    wanted = "/incidents/?severity=high&assignee=me"
    sent_to = Client().get(wanted)["Location"]
    answer = Client().post(sent_to, {"login": "ana", "password": PASSWORD})
    assert answer["Location"] == wanted


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_one_is_not_sent_elsewhere(ana: User, elsewhere: str) -> None:
    assert sign_in_as("ana", next=elsewhere)["Location"] == reverse("home")


@pytest.mark.parametrize("login", ["", "a\x00b", "x" * 5_000, "' OR 1=1 --", "<script>alert(1)</script>", "é\u202e"])
def test_hostile_names_are_nobody(ana: User, login: str) -> None:
    answer = sign_in_as(login)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


def test_nobody_signs_up(db: None) -> None:
    for path in ("/sign-up/", "/accounts/signup/", "/signup/"):
        assert Client().get(path).status_code in (302, 404)
    assert not User.objects.exists()


def test_signing_out_takes_a_post(ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    client.get(reverse("account_logout"))
    assert client.get(reverse("preferences")).status_code == 200
    answer = client.post(reverse("account_logout"))
    assert answer["Location"] == SIGN_IN
    assert client.get(reverse("preferences")).status_code == 302


def test_a_new_session_gets_a_new_key(ana: User) -> None:
    client = Client()
    client.get(SIGN_IN)
    client.cookies["sessionid"] = "planted"
    client.post(SIGN_IN, {"login": "ana", "password": PASSWORD})
    assert client.cookies["sessionid"].value != "planted"
    assert client.get(reverse("preferences")).status_code == 200


def test_coming_and_going_stands_in_the_systems_log(ana: User) -> None:
    client = Client(headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="192.0.2.7")
    client.post(SIGN_IN, {"login": "ana", "password": PASSWORD})
    client.post(reverse("account_logout"))
    told = Entry.objects.of_system().order_by("sequence").values_list("verb", "actor_id", "facts")
    here = {"remote_address": "192.0.2.7"}
    assert list(told)[1:] == [("session.started", ana.pk, here | {"by": ["password"]}), ("session.ended", ana.pk, here)]


def test_refusals_are_counted_and_told_together(ana: User) -> None:
    """However many there are, the log gains few entries; and no name that nobody has."""
    before = Entry.objects.count()
    for _ in range(12):
        sign_in_as("ana", "wrong")
    sign_in_as("my secret password", "x")
    for number in range(TOLD_APART):
        Untold.objects.create(
            kind="sign_in_refused",
            address=f"198.51.100.{number}",
            times=2,
            first_at=timezone.now(),
            last_at=timezone.now(),
        )
    assert tell_untold(actor=SYSTEM) == 0
    assert Entry.objects.count() == before
    Untold.objects.update(first_at=timezone.now() - timedelta(minutes=6))
    assert tell_untold(actor=SYSTEM) == TOLD_APART + 1
    told = [sentence(entry) for entry in Entry.objects.order_by("pk")[before:]]
    assert told[0] == "counted 12 failed sign-ins as Ana Ruiz, from 127.0.0.1"
    assert told[-1] == "counted 3 more refusals at the door, from 2 addresses"
    assert not any("secret" in str(entry) for entry in Entry.objects.values())
    assert (tell_untold(actor=SYSTEM), Untold.objects.exists()) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_a_busy_log_keeps_nobody_out(ana: User) -> None:
    """Somebody else writes to the system's log for long: the sign-in succeeds, and is told of afterwards."""
    settings = {key: value for key, value in connection.get_connection_params().items() if key in CONNECTS_BY}
    with psycopg.connect(**settings) as other:
        other.execute("SELECT pg_advisory_xact_lock(22342, hashint8(0))")
        assert sign_in_as("ana").status_code == 302
        assert not Entry.objects.filter(verb="session.started").exists()
    assert tell_untold(actor=SYSTEM) == 1
    assert Entry.objects.get(verb="session.started").facts["remote_address"] == "127.0.0.1"


CONNECTS_BY = ("dbname", "user", "password", "host", "port")


def test_a_session_holds_until_its_time_is_over(ana: User, sign_in: Callable[[User], Client]) -> None:
    client = sign_in(ana)
    assert client.get("/incidents/").status_code == 200
    Session.objects.update(expire_date=timezone.now())
    assert client.get("/incidents/").status_code == 302


@pytest.mark.parametrize("key", ["", "x", "a" * 32, "' OR true --", "a\x00bcdefgh", "ÿ" * 12, "a" * 5_000])
def test_a_key_of_no_session_opens_nothing(ana: User, sign_in: Callable[[User], Client], key: str) -> None:
    sign_in(ana)
    stranger = Client()
    stranger.cookies[settings.SESSION_COOKIE_NAME] = key
    assert stranger.get("/incidents/").status_code == 302
