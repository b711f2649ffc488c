"""Invitations: a link that is shown once, for one use, that holds as long as who sent it could send it still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.commands import change_role, deactivate, delete_team, invite, withdraw_invitation
from accounts.models import Invitation, Team, User
from activity.actors import SYSTEM
from activity.models import Entry
from common.errors import Refused
from tests.conftest import PASSWORD, person

SAID = {"display_name": "Mia Chen", "username": "Mia", "password": PASSWORD, "again": PASSWORD}


def invited(by: User, **more: Any) -> tuple[Invitation, str]:
    said = {"role": "analyst", "teams": ["tier2"], "email": "Mia@Example.org", **more}
    return invite(expires_at=timezone.now() + timedelta(days=7), actor=by.as_actor(), **said)


def follow(key: str) -> Client:
    client = Client()
    answer = client.get(f"/invitation/{key}/")
    assert (answer.status_code, answer["Location"]) == (302, "/invitation/")
    return client


def test_whoever_has_the_link_becomes_a_user_once(ada: User, tier2: Team) -> None:
    invitation, key = invited(ada)
    client = follow(key)
    page = client.get("/invitation/").content.decode()
    assert "Ada Lind invites you to Watchfloor as Analyst, with the address mia@example.org" in page
    assert client.post("/invitation/", SAID)["Location"] == "/sign-in/"
    mia = User.objects.get_queryset().get(username="mia")
    assert (mia.email, mia.role.slug, [*mia.teams.all()]) == ("mia@example.org", "analyst", [tier2])
    assert client.post("/sign-in/", {"login": "mia", "password": PASSWORD}).status_code == 302
    told = Entry.objects.of_system().filter(actor_label="Invitation").order_by("sequence")
    assert [entry.verb for entry in told] == ["user.created", "team.members_changed", "invitation.accepted"]
    assert told[0].facts["invited_by"] == "Ada Lind"
    for again in (client, Client()):
        assert again.get(f"/invitation/{key}/").status_code == 410
    invitation.refresh_from_db()
    assert invitation.user == mia


def test_the_key_is_nowhere(ada: User, tier2: Team, sign_in: Callable[[User], Client]) -> None:
    """Shown once, kept as a digest; neither log nor sessions have it."""
    client = sign_in(ada)
    page = client.post("/settings/people/invite/", {"note": "Mia", "role": "reader", "days": "7"})
    link = page.context["link"]
    key = link.rstrip("/").rpartition("/")[2]
    assert page["Cache-Control"] == "no-store"
    assert key.startswith("wf_")
    follow(key)
    sessions = [session.get_decoded() for session in Session.objects.all()]
    assert key not in str([*Invitation.objects.values(), *Entry.objects.values(), *sessions])
    assert key not in client.get("/settings/people/").content.decode()


def test_it_is_mailed_where_mail_is_set_up(ada: User, sign_in: Callable[[User], Client], settings: Any) -> None:
    client = sign_in(ada)
    said = {"email": "mia@example.org", "role": "reader", "days": "7"}
    assert client.post("/settings/people/invite/", said).context["mailed"] == ""
    withdraw_invitation(Invitation.objects.get(), actor=SYSTEM)
    settings.SENDS_MAIL, settings.PUBLIC_URL = True, "https://soc.example"
    page = client.post("/settings/people/invite/", said)
    assert page.context["mailed"] == "sent"
    assert page.context["link"].startswith("https://soc.example/invitation/wf_")
    (message,) = mail.outbox
    assert (message.to, page.context["link"] in message.body) == (["mia@example.org"], True)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    other = client.post("/settings/people/invite/", said | {"email": "max@example.org"})
    assert (other.status_code, other.context["mailed"]) == (200, "failed")  # the link is there all the same


def test_it_opens_nothing_once_it_does_not_hold(ada: User, tier2: Team) -> None:
    """One answer for all: withdrawn, expired, by somebody who is out or may not any more, never made."""
    person("max", "Max Orta", "admin")
    pages = set()
    for number, end in enumerate(
        (
            lambda one: withdraw_invitation(one, actor=SYSTEM),
            lambda one: Invitation.objects.filter(pk=one.pk).update(expires_at=timezone.now()),
            lambda one: change_role(ada, "analyst", actor=SYSTEM),
            lambda one: deactivate(ada, actor=SYSTEM),
        )
    ):
        invitation, key = invited(ada, email=f"mia{number}@example.org")
        waiting = follow(key)
        end(invitation)
        for answer in (
            Client().get(f"/invitation/{key}/"),
            waiting.get("/invitation/"),
            waiting.post("/invitation/", SAID),
        ):
            assert answer.status_code == 410
            pages.add(answer.content)
        if number == 2:
            change_role(ada, "admin", actor=SYSTEM)
    pages.add(Client().get("/invitation/wf_never/").content)
    pages.add(Client().get("/invitation/" + "x" * 3_000 + "/").content)
    assert len(pages) == 1
    assert not User.objects.get_queryset().filter(username="mia").exists()


def test_what_is_wrong_is_said_at_its_field(ada: User, tier2: Team, ana: User) -> None:
    _, key = invited(ada)
    client = follow(key)
    for field, value, words in (
        ("password", "mia@example.org", "too similar"),
        ("again", "otherwise-than-before", "not the same"),
        ("username", "ana", "already exists"),
        ("username", "no spaces", "lower-case letters"),
        ("display_name", "", "required"),
    ):
        answer = client.post("/invitation/", SAID | {field: value} | ({"again": value} if field == "password" else {}))
        assert answer.status_code == 422, field
        assert words in " ".join(answer.context["form"].errors[field])
    assert client.post("/invitation/", SAID).status_code == 302


def test_a_team_that_went_meanwhile_is_left_out(ada: User, tier2: Team) -> None:
    _, key = invited(ada)
    delete_team(tier2, actor=SYSTEM)
    assert follow(key).post("/invitation/", SAID).status_code == 302
    assert not User.objects.get_queryset().get(username="mia").teams.exists()


def test_an_address_is_invited_once_and_only_where_nobody_has_it(ada: User, tier2: Team) -> None:
    invited(ada)
    person("max", "Max Orta", "reader")
    User.objects.get_queryset().filter(username="max").update(email="max@example.org")
    for email in ("mia@example.org", "MAX@example.org", "nobody"):
        with pytest.raises(Refused) as refused:
            invited(ada, email=email)
        assert refused.value.field == "email"


def test_who_is_somebody_already_signs_out_first(ada: User, tier2: Team, sign_in: Callable[[User], Client]) -> None:
    _, key = invited(ada)
    client = sign_in(ada)
    assert client.get(f"/invitation/{key}/").status_code == 302
    assert "You are signed in already" in client.get("/invitation/").content.decode()
    assert "already" in client.post("/invitation/", SAID).content.decode()
    assert not User.objects.get_queryset().filter(username="mia").exists()
