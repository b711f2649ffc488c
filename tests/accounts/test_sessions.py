"""Where one is signed in: listed, seen, ended by oneself and by administrators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import seen
from accounts.commands import activate, deactivate, set_password, tell_untold
from accounts.devices import device_of, network_of
from accounts.models import PersonSession, User
from accounts.session_list import sessions_of
from accounts.sessions import SessionStore
from accounts.tasks import clear_expired_sessions
from activity.actors import SYSTEM
from activity.models import Entry
from activity.wording import sentence
from incidents.models import Incident
from tests.conftest import PASSWORD

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
SECURITY, POLL = reverse("security:overview"), reverse("incidents:changes")


def signed_in(user: User, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    assert client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def test_one_sees_where_one_is_signed_in_and_ends_the_others(ana: User, rio: User, incident: Incident) -> None:
    here, phone, other = signed_in(ana), signed_in(ana, CHROME, "2001:db8::7"), signed_in(rio)
    shown = sessions_of(ana, here.session.session_key)
    assert [(each.device, each.address, each.is_this) for each in shown] == [
        ("Chrome on Android", "2001:db8::7", False),
        ("Firefox on Windows", "192.0.2.7", True),
    ]
    page = here.get(SECURITY).content.decode()
    assert page.count("Chrome on Android") == 2  # by name, and named by its button
    assert "this browser" in page
    moment = phone.get(POLL, {"since": 2**61})["X-Last-Entry"]
    assert phone.get(POLL, {"since": moment}).status_code == 204
    strangers = reverse("security:end_session", args=[sessions_of(rio)[0].id])
    here.post(strangers)
    here.post(reverse("security:end_session", args=[shown[0].id]))
    assert phone.get(POLL, {"since": moment}).status_code == 302
    assert (is_in(phone), is_in(here), is_in(other)) == (False, True, True)
    assert [sentence(entry) for entry in Entry.objects.filter(verb="session.closed")] == [
        "ended a session of Ana Ruiz: Chrome on Android, 2001:db8::7"
    ]


def test_all_others_end_at_once(ana: User) -> None:
    here, *others = signed_in(ana), signed_in(ana, CHROME), signed_in(ana, "curl/8")
    here.post(reverse("security:end_others"))
    assert is_in(here)
    assert not any(is_in(each) for each in others)
    assert "Nowhere else" in here.get(SECURITY).content.decode()
    assert sentence(Entry.objects.get(verb="session.all_closed")) == "ended 2 sessions of Ana Ruiz"


def test_an_administrator_ends_them_on_the_page_and_by_command(ana: User, ada: User) -> None:
    hers, admin = signed_in(ana), signed_in(ada)
    assert "Firefox on Windows" in admin.get(reverse("sign_in_settings:person", args=["ana"])).content.decode()
    admin.post(reverse("sign_in_settings:end_sessions", args=["ana"]))
    assert (is_in(hers), is_in(admin)) == (False, True)
    assert Entry.objects.get(verb="session.all_closed").actor_label == "Ada Lind"
    again = signed_in(ana)
    call_command("end_sessions", "ana")
    assert not is_in(again)


def test_signing_out_and_a_new_password_leave_nothing_behind(ana: User) -> None:
    here, other = signed_in(ana), signed_in(ana, CHROME)
    here.post(reverse("account_logout"))
    assert [each.device for each in sessions_of(ana)] == ["Chrome on Android"]
    ana = set_password(ana, "another-horse-battery", actor=SYSTEM)
    assert sessions_of(ana) == []
    assert not is_in(other)


def test_who_was_shut_out_does_not_come_back_by_an_old_session(ana: User) -> None:
    client = signed_in(ana)
    deactivate(ana, actor=SYSTEM)
    activate(ana, actor=SYSTEM)
    assert not is_in(client)


def test_a_session_stays_the_same_under_another_key(ana: User) -> None:
    client = signed_in(ana)
    before = sessions_of(ana)
    session = SessionStore(client.session.session_key)
    session.cycle_key()
    assert [each.id for each in sessions_of(ana, session.session_key) if each.is_this] == [before[0].id]


def test_reading_writes_once_a_minute_at_most(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not at all within the first: the sign-in has just said it. Nobody is there when a page asks by itself."""
    client = signed_in(ana)
    now = seen.time.monotonic()

    def writes(path: str, at: float) -> int:
        monkeypatch.setattr(seen.time, "monotonic", lambda: now + at)
        with CaptureQueriesContext(connection) as statements:
            client.get(path)
        return sum("accounts_personsession" in each["sql"] for each in statements)

    page = reverse("preferences")
    assert [writes(page, at) for at in (0, 30, 59)] == [0, 0, 0]
    PersonSession.objects.update(seen_at=F("seen_at") - timedelta(minutes=5))
    before = sessions_of(ana)[0].seen_at
    assert writes(f"{POLL}?since={2**61}", 300) == 0
    assert [writes(page, at) for at in (301, 302, 330, 360, 362)] == [1, 0, 0, 0, 1]
    after = sessions_of(ana)[0].seen_at
    assert after - before > timedelta(minutes=4)
    seen._noted.clear()
    writes(page, 363)
    writes(page, 500)
    assert sessions_of(ana)[0].seen_at == after  # another process, within the minute


def test_what_is_over_is_forgotten(ana: User) -> None:
    signed_in(ana)
    Session.objects.update(expire_date=F("expire_date") - timedelta(days=30))
    assert sessions_of(ana) == []
    clear_expired_sessions()
    assert not PersonSession.objects.exists()


def test_a_sign_in_from_elsewhere_stands_in_the_log(ana: User, settings: Any) -> None:
    signed_in(ana)
    signed_in(ana)
    assert not Entry.objects.filter(verb="session.new_place").exists()
    signed_in(ana, FIREFOX, "198.51.100.9")
    signed_in(ana, CHROME, "198.51.100.9")
    signed_in(ana, FIREFOX, "198.51.100.9")
    signed_in(ana, CHROME, "2001:db8::1")
    signed_in(ana, CHROME, "2001:db8::2")  # the same network
    assert [sentence(entry) for entry in Entry.objects.filter(verb="session.new_place").order_by("pk")] == [
        "signed in from a new place: Firefox on Windows, 198.51.100.9",
        "signed in from a new place: Chrome on Android, 198.51.100.9",
        "signed in from a new place: Chrome on Android, 2001:db8::1",
    ]
    assert tell_untold(actor=SYSTEM) == 0


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537 Chrome/142 Safari/537 Edg/142.0", "Edge on Windows"),
        ("", "Unknown browser"),
        ("<script>alert(1)</script>", "Unknown browser"),
    ],
)
def test_devices_have_names_that_people_know(agent: str, device: str) -> None:
    assert device_of(agent) == device


def test_a_network_is_no_name() -> None:
    assert [network_of(each) for each in ("192.0.2.7", "2001:db8::7:1", "no")] == ["192.0.2.7", "2001:db8::", "no"]


def test_a_session_that_the_door_does_not_know_is_met_later(
    ana: User, sign_in: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, now = sign_in(ana), seen.time.monotonic()
    client.get(SECURITY)
    monkeypatch.setattr(seen.time, "monotonic", lambda: now + 61)
    client.get(SECURITY)
    assert len(sessions_of(ana)) == 1
