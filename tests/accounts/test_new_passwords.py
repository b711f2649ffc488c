"""A new password by a link in a mail; and what guessing comes to."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.commands import create_user, deactivate
from accounts.models import ResetRequest, Untold, User
from accounts.tasks import send_resets
from activity.actors import SYSTEM
from activity.models import Entry
from activity.wording import sentence
from portal.servers.mail import mail_server
from tests.conftest import PASSWORD

SIGN_IN, ASK = reverse("account_login"), reverse("reset_password")
NEW = "another-horse-battery"


@pytest.fixture(autouse=True)
def _mail_and_own_memory(settings: Any) -> None:
    settings.SENDS_MAIL = True
    settings.PUBLIC_URL = "https://soc.example"
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@pytest.fixture
def mia(db: None) -> User:
    return create_user(
        "mia", actor=SYSTEM, display_name="Mia Chen", role="analyst", password=PASSWORD, email="mia@example.org"
    )


def ask(email: str) -> Any:
    return Client().post(ASK, {"email": email})


def link() -> str:
    """Of the last mail, within the portal."""
    return re.search(r"https://soc\.example(/\S+)", mail.outbox[-1].body)[1]  # type: ignore[index, arg-type]


def signs_in(user: User, password: str) -> bool:
    return bool(Client().post(SIGN_IN, {"login": user.username, "password": password}).status_code == 302)


def test_a_link_leads_to_a_new_password_once(mia: User) -> None:
    elsewhere = Client()
    elsewhere.post(SIGN_IN, {"login": "mia", "password": PASSWORD})
    assert ask("Mia@Example.org")["Location"] == reverse("reset_asked")
    send_resets()
    assert mail.outbox[0].to == ["mia@example.org"]
    client = Client()
    form = client.get(link())["Location"]
    assert form.endswith("/set-password/")  # the key is not in the address any more
    assert client.post(form, {"password": "password", "again": "password"}).status_code == 200
    assert "too common" in client.post(form, {"password": "password1234", "again": "password1234"}).content.decode()
    assert "not the same" in client.post(form, {"password": NEW, "again": f"{NEW}!"}).content.decode()
    assert mia.check_password(PASSWORD)
    assert client.post(form, {"password": NEW, "again": NEW})["Location"] == SIGN_IN
    assert (signs_in(mia, PASSWORD), signs_in(mia, NEW)) == (False, True)
    assert elsewhere.get(reverse("preferences")).status_code == 302
    assert "used already" in Client().get(link()).content.decode()
    assert client.post(form, {"password": PASSWORD, "again": PASSWORD}).status_code == 200
    assert signs_in(mia, NEW)
    told = Entry.objects.filter(verb__in=("user.reset_mailed", "user.password_reset")).order_by("pk")
    assert [sentence(entry) for entry in told] == [
        "sent Mia Chen a link to a new password",
        "chose a new password by a link",
    ]


def test_even_the_former_password_uses_the_link_up(mia: User) -> None:
    ask("mia@example.org")
    send_resets()
    client = Client()
    client.post(client.get(link())["Location"], {"password": PASSWORD, "again": PASSWORD})
    assert "used already" in Client().get(link()).content.decode()


def test_a_link_ends_after_an_hour(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("mia@example.org")
    send_resets()
    later = "django.contrib.auth.tokens.PasswordResetTokenGenerator._num_seconds"
    from django.contrib.auth.tokens import PasswordResetTokenGenerator

    seconds = PasswordResetTokenGenerator._num_seconds  # type: ignore[attr-defined]
    monkeypatch.setattr(later, lambda generator, moment: seconds(generator, moment) + 3_601)
    assert "used already, or its hour is over" in Client().get(link()).content.decode()


def test_who_is_known_here_is_not_told(mia: User, ana: User) -> None:
    """Same words, same statements: nothing is looked up while somebody waits."""
    asked = []
    for email in ("mia@example.org", "nobody@example.org"):
        with CaptureQueriesContext(connection) as statements:
            answer = ask(email)
            said = [re.sub(r"'[^']*'", "", each["sql"]) for each in statements]
        asked.append((answer.status_code, Client().get(answer["Location"]).content, said))
    assert asked[0] == asked[1]
    assert len(asked[0][2]) == 1


def test_only_people_who_sign_in_by_password_are_sent_one(mia: User) -> None:
    create_user("sso", actor=SYSTEM, display_name="S", role="reader", password=None, email="sso@example.org")
    gone = create_user("gone", actor=SYSTEM, display_name="G", role="reader", password=NEW, email="gone@example.org")
    deactivate(gone, actor=SYSTEM)
    for email in ("sso@example.org", "gone@example.org", "nobody@example.org", "no address"):
        ask(email)
    send_resets()
    assert mail.outbox == []
    assert not ResetRequest.objects.exists()  # what was typed is not kept


def test_a_person_is_sent_five_in_an_hour_at_most(mia: User) -> None:
    for _ in range(8):
        cache.clear()
        ask("mia@example.org")
    send_resets()
    assert len(mail.outbox) == 5
    ResetRequest.objects.update(sent_at=F("sent_at") - timedelta(minutes=61))
    ask("mia@example.org")
    send_resets()
    assert len(mail.outbox) == 6


def test_asking_is_limited_by_address(mia: User) -> None:
    answers = [ask(f"{number}@example.org").status_code for number in range(25)]
    assert answers == [302] * 20 + [429] * 5


def test_without_mail_the_page_says_whom_to_ask(mia: User, settings: Any) -> None:
    settings.SENDS_MAIL, settings.SIGN_IN_HELP = False, "Call the desk at 4711."
    for answer in (Client().get(ASK), ask("mia@example.org")):
        assert answer.status_code == 200
        assert "Call the desk at 4711." in answer.content.decode()
    assert not ResetRequest.objects.exists()


class Inbox(socketserver.ThreadingTCPServer):
    """A mail server that takes everything, or nothing (RFC 5321)."""

    allow_reuse_address = True
    takes = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.mails: list[str] = []


class Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        inbox: Any = self.server
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                inbox.mails.append(b"".join(lines).decode())
            self.wfile.write(b"250 fine\r\n" if inbox.takes or word == b"EHLO" else b"451 later\r\n")
            if word == b"QUIT":
                return


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    with Inbox() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        known = mail_server(f"smtp+plain://127.0.0.1:{server.server_address[1]}")
        settings.EMAIL_HOST, settings.EMAIL_PORT = known.host, known.port
        yield server
        server.shutdown()


def test_a_mail_server_that_is_away_is_asked_again(mia: User, inbox: Inbox) -> None:
    inbox.takes = False
    ask("mia@example.org")
    send_resets()
    assert inbox.mails == []
    assert not Entry.objects.filter(verb="user.reset_mailed").exists()
    inbox.takes = True
    send_resets()  # another worker may be at it
    assert inbox.mails == []
    ResetRequest.objects.update(taken_at=F("taken_at") - timedelta(minutes=2))
    send_resets()
    assert "From: Watchfloor <watchfloor@localhost>" in inbox.mails[0]
    assert "https://soc.example/new-password/" in inbox.mails[0].replace("=\n", "")
    assert Entry.objects.filter(verb="user.reset_mailed").count() == 1


def test_a_thousand_guesses_do_not_get_through(mia: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one address that forges others, and from many; by either name. The right password is not heard either until
    it is quiet, and works then."""
    heard: list[str] = []
    check = User.check_password
    monkeypatch.setattr(User, "check_password", lambda user, raw: heard.append(raw) or check(user, raw))
    one = Client()
    for number in range(1_000):
        guess = PASSWORD if number % 100 == 99 else f"guess {number}"
        login = "mia" if number % 2 else "Mia@example.org"
        forged = f"203.0.113.{number % 250}"
        address = "192.0.2.7" if number < 900 else f"198.51.100.{number % 100}"
        said = one.post(
            SIGN_IN, {"login": login, "password": guess}, headers={"X-Forwarded-For": forged}, REMOTE_ADDR=address
        )
        assert said.status_code in (200, 429)
        assert "sessionid" not in said.cookies
    assert len(heard) == 5
    assert PASSWORD not in heard
    assert {row.address for row in Untold.objects.all()}.isdisjoint(f"203.0.113.{each}" for each in range(250))
    assert not signs_in(mia, PASSWORD)
    from allauth.core.internal import ratelimit

    now = ratelimit.time.time()
    monkeypatch.setattr(ratelimit.time, "time", lambda: now + 301)
    assert signs_in(mia, PASSWORD)


def test_who_comes_past_the_proxies_is_who_they_are(ana: User, settings: Any) -> None:
    """Fewer names in the header than proxies that are trusted: nothing of it is believed, and nothing breaks."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    for header in ("203.0.113.9", "", "garbage"):
        client = Client(headers={"X-Forwarded-For": header} if header else {}, REMOTE_ADDR="192.0.2.7")
        assert client.post(SIGN_IN, {"login": "ana", "password": PASSWORD}).status_code == 302
    assert {entry.facts["remote_address"] for entry in Entry.objects.filter(verb="session.started")} == {"192.0.2.7"}
    client = Client(headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9, 10.0.0.1"}, REMOTE_ADDR="10.0.0.2")
    client.post(SIGN_IN, {"login": "ana", "password": PASSWORD})
    assert Entry.objects.filter(verb="session.started").latest("pk").facts["remote_address"] == "203.0.113.9"
