"""Webhooks in the browser: add, preview, look at messages, the secret, test, send again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from activity.models import Entry
from incidents.commands import add_comment, restrict
from incidents.models import Incident
from tests.webhooks.receivers import Receiver, receiver
from tests.webhooks.subscribed import send, subscribed, values
from webhooks.commands import change_subscription, stop_subscription
from webhooks.models import Delivery, Subscription
from webhooks.secrets import opened as secret_of

SignIn = Callable[[User], Client]
FORM = {"name": "SOAR", "address": "https://hooks.example/soc", "groups": ["status", "comments"], "is_on": "on"}


def page(client: Client, number: int, **query: Any) -> str:
    return client.get(reverse("webhooks:webhook", args=[number]), query).content.decode()


def test_one_is_added_and_its_secret_shown_once(ada: User, sign_in: SignIn, incident: Incident) -> None:
    client = sign_in(ada)
    assert "Nobody is told" in client.get(reverse("webhooks:overview")).content.decode()
    answer = client.post(reverse("webhooks:new"), {**FORM, "query": "/incidents/?severity=high&sort=-number"})
    made = Subscription.objects.get()
    assert answer["Location"] == reverse("webhooks:webhook", args=[made.pk])
    assert made.query == "severity=high&status=any&snoozed=any" and made.reader == ada
    secret = secret_of(made.secret)
    first = client.get(answer["Location"])
    assert secret in first.content.decode() and "no-store" in first["Cache-Control"]
    assert secret not in page(client, made.pk)
    assert secret in client.post(reverse("webhooks:secret", args=[made.pk])).content.decode()
    assert Entry.objects.filter(verb="webhook.secret_shown").count() == 2
    assert secret not in str(list(Entry.objects.values_list("changes", "facts")))
    overview = client.get(reverse("webhooks:overview")).content.decode()
    assert "hooks.example" in overview and "Comments, Status and resolution" in overview


def test_a_secret_is_renewed(ada: User, sign_in: SignIn) -> None:
    client, made = sign_in(ada), subscribed(ada)
    former = secret_of(made.secret)
    shown = client.post(reverse("webhooks:rotate", args=[made.pk]), follow=True).content.decode()
    made.refresh_from_db()
    assert former in shown and secret_of(made.secret) in shown and former != secret_of(made.secret)


def test_the_preview_counts_what_matches_now(ada: User, lee: User, sign_in: SignIn, incident: Incident) -> None:
    client = sign_in(ada)

    def previewed(status: int = 200, **said: str) -> str:
        answer = client.post(reverse("webhooks:preview"), said)
        assert answer.status_code == status
        return answer.content.decode()

    assert "1 incident matches" in previewed(query="severity=high")
    assert "1 incident matches" in previewed()
    assert "0 incidents match" in previewed(query="status=resolved")
    assert "did you mean “high”" in previewed(422, query="severity=hihg")
    restrict(incident, [lee], actor=lee.as_actor())
    assert "0 incidents match" in previewed(query="severity=high", with_restricted="on")
    whole = client.post(reverse("webhooks:new"), {**FORM, "preview": "1"}).content.decode()
    assert "0 incidents match" in whole and not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": " "}, "This field is required"),
        ({"address": "https://10.0.0.5/"}, "a private network"),
        ({"address": "gopher://hooks.example/"}, "no address of the web"),
        ({"groups": []}, "Choose what it shall be told of"),
        ({"groups": ["sign_in"]}, "sign_in is not one of the available choices"),
        ({"query": "tags=x"}, "There is no key “tags”"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(ada: User, sign_in: SignIn, said: dict[str, Any], words: str) -> None:
    answer = sign_in(ada).post(reverse("webhooks:new"), {**FORM, **said})
    assert answer.status_code == 422 and words in answer.content.decode()
    assert not Subscription.objects.exists()


def test_nobody_loses_anothers_change(ada: User, lee: User, sign_in: SignIn) -> None:
    client, made = sign_in(ada), subscribed(ada)
    theirs = values("https://other.example/", name="SOAR")
    change_subscription(made, theirs, reader=lee, based_on=1, actor=lee.as_actor())
    edit = reverse("webhooks:edit", args=[made.pk])
    answer = client.post(edit, {**FORM, "version": "1"})
    assert answer.status_code == 409 and "Lee Park made it “https://other.example/”" in answer.content.decode()
    assert client.post(edit, {**FORM, "version": "2"}).status_code == 302
    made.refresh_from_db()
    assert (made.address, made.reader) == ("https://hooks.example/soc", ada)


def test_messages_are_listed_with_their_tries(ada: User, ana: User, sign_in: SignIn, incident: Incident) -> None:
    client = sign_in(ada)
    with receiver(500, 200) as flaky:
        made = subscribed(ada, flaky.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        send()
        waiting = page(client, made.pk, state="waiting")
        assert "Comment added" in waiting and "It answered 500." in waiting
        message = Delivery.objects.get()
        where = reverse("webhooks:delivery", args=[made.pk, message.key])
        one = client.get(where).content.decode()
        assert "said 500" in one and message.message_id in one and "127.0.0.1" in one
        part = client.get(where, headers={"HX-Request": "true"}).content.decode()
        assert part.lstrip().startswith('<div id="message"') and 'hx-trigger="every 2s"' in part
        client.post(reverse("webhooks:test", args=[made.pk]))
        send()
    delivered = page(client, made.pk, state="delivered")
    assert "Comment added" in delivered and ">Test<" in delivered
    assert "There is none in this state" in page(client, made.pk, state="waiting")
    assert client.get(reverse("webhooks:webhook", args=[made.pk]), {"state": "lost"}).status_code == 404


def test_what_failed_is_sent_again(ada: User, ana: User, sign_in: SignIn, incident: Incident) -> None:
    client = sign_in(ada)
    with receiver(500, 200) as flaky:
        made = subscribed(ada, flaky.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        Delivery.objects.update(begun_at=timezone.now() - timedelta(days=2))
        send()
        assert "Send all given up again" in page(client, made.pk)
        client.post(reverse("webhooks:replay_failed", args=[made.pk]))
        send()
        message = Delivery.objects.get()
        client.post(reverse("webhooks:replay", args=[made.pk, message.key]))
        send()
        assert len({each.id for each in flaky.heard}) == 1 and len(flaky.heard) == 3


def test_one_that_the_system_has_switched_off_says_so(ada: User, lee: User, sign_in: SignIn) -> None:
    made = subscribed(ada)
    stop_subscription(made, "nothing could be delivered for 3 days", actor=ada.as_actor())
    client = sign_in(ada)
    settings = client.get(reverse("webhooks:overview")).content.decode()
    assert "nothing could be delivered for 3 days" in settings
    assert '<span class="rail-count number">1</span>' in client.get(reverse("incidents:queue")).content.decode()
    client.post(reverse("webhooks:switch", args=[made.pk]), {"on": "yes"})
    assert "nothing could be delivered" not in client.get(reverse("webhooks:overview")).content.decode()
    assert client.post(reverse("webhooks:switch", args=[made.pk]), {"on": "perhaps"}).status_code == 422


def test_messages_about_what_one_may_not_see_are_not_there(
    ada: User, lee: User, sign_in: SignIn, incident: Incident, hook: Receiver
) -> None:
    made = subscribed(lee, hook.url, with_restricted=True)
    restrict(incident, [lee], actor=lee.as_actor())
    send()
    client, message = sign_in(ada), Delivery.objects.get()
    assert "Nothing has happened yet" in page(client, made.pk)
    where = reverse("webhooks:delivery", args=[made.pk, message.key])
    assert client.get(where).status_code == 404
    assert client.post(reverse("webhooks:replay", args=[made.pk, message.key])).status_code == 404
    assert "None open" in client.get(reverse("webhooks:overview")).content.decode()


def test_what_a_receiver_answers_is_text(ada: User, sign_in: SignIn) -> None:
    def hostile(handler: Any) -> None:
        handler.send_response(500)
        handler.end_headers()
        handler.wfile.write(b"<script>alert(1)</script>\x00\x1b[31m")

    client = sign_in(ada)
    with receiver(hostile) as bad:
        made = subscribed(ada, bad.url, name="<img src=x onerror=alert(1)>")
        client.post(reverse("webhooks:test", args=[made.pk]))
        send()
    shown = client.get(reverse("webhooks:delivery", args=[made.pk, Delivery.objects.get().key])).content.decode()
    assert "&lt;script&gt;alert(1)" in shown and "<script>alert" not in shown and "<img src=x" not in shown


def test_a_deleted_one_is_gone(ada: User, sign_in: SignIn) -> None:
    client, made = sign_in(ada), subscribed(ada)
    client.post(reverse("webhooks:delete", args=[made.pk]))
    made.refresh_from_db()
    assert made.secret == "" and client.get(reverse("webhooks:webhook", args=[made.pk])).status_code == 404
