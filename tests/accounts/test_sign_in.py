"""Signing in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.commands import create_user, deactivate
from accounts.models import User
from activity.actors import SYSTEM
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
