"""Messages reach their receivers: signed, in order, at least once, by the rights of the moment, whoever dies on the
way; and a receiver that is away is left alone."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import traceback
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.choices import Permission
from accounts.commands import deactivate
from accounts.models import User
from activity.actors import SYSTEM
from activity.models import Entry
from common.jobs import LEASE
from common.outgoing import exchange
from common.outgoing.exchange import Outcome
from incidents.commands import add_comment, change_tags, resolve, restrict
from incidents.models import Incident
from tests.conftest import alert, opened, person
from tests.webhooks.receivers import Receiver, receiver, redirecting, silent
from tests.webhooks.subscribed import send, subscribed, values
from webhooks import delivering, rules, tasks
from webhooks.choices import DeliveryState
from webhooks.commands import (
    change_subscription,
    delete_subscription,
    replay,
    replay_failed,
    rotate_secret,
    send_test,
    switch_subscription,
)
from webhooks.commands.sending import claim, forget_old, give_up_old, is_anything_due, note
from webhooks.models import Delivery, Subscription, Try
from webhooks.models import Receiver as Standing
from webhooks.secrets import opened as secret_of


def verified(message: Any, subscription: Subscription) -> dict[str, Any]:
    """What a receiver reads that holds the secret; raises for a message of anybody else."""
    subscription.refresh_from_db()
    found: dict[str, Any] = Webhook(secret_of(subscription.secret)).verify(message.body, dict(message.headers))
    return found


def states(subscription: Subscription) -> list[str]:
    return list(Delivery.objects.filter(subscription=subscription).order_by("pk").values_list("state", flat=True))


def at_once() -> None:
    """Whatever waits is due now."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.waiting().update(due_at=past)
    Standing.objects.update(rests_until=None)


# --- what is said ----------------------------------------------------------------------------------------


def test_a_change_arrives_signed(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    subscription = subscribed(ada, hook.url)
    resolve(incident, actor=ana.as_actor(), note="Reimaged by hand.")
    send()
    (message,) = hook.heard
    said = verified(message, subscription)
    entry = Entry.objects.get(verb="incident.resolved")
    assert said["type"] == "incident.resolved"
    assert said["timestamp"] == entry.recorded_at.isoformat().replace("+00:00", "Z")
    assert said["data"]["entry"]["sentence"] == "Ana Ruiz resolved the incident"
    assert said["data"]["entry"]["actor"] == {"kind": "user", "name": "Ana Ruiz"}
    assert {"field": "status", "old": "active", "new": "resolved"} in said["data"]["entry"]["changes"]
    told = said["data"]["incident"]
    assert (told["number"], told["status"], told["name"]) == (incident.pk, "resolved", incident.name)
    assert told["url"].endswith(f"/incidents/{incident.pk}/")
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.message_id) == (DeliveryState.DELIVERED, message.id)
    attempt = Try.objects.get()
    assert (attempt.status, attempt.answer, attempt.reached, attempt.problem) == (200, "said 200", "127.0.0.1", "")
    forged = {**message.headers, "webhook-id": "msg_other"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(subscription.secret)).verify(message.body, forged)


def test_no_text_goes_along_unless_asked_for(ada: User, ana: User, incident: Incident) -> None:
    with receiver() as silent_one, receiver() as told:
        subscribed(ada, silent_one.url)
        subscribed(ada, told.url, with_texts=True)
        add_comment(incident, "The heron flies at night.", actor=ana.as_actor())
        resolve(incident, actor=ana.as_actor(), note="The heron has flown.")
        send()
        assert [each.body.count(b"heron") for each in silent_one.heard] == [0, 0]
        assert [each["data"]["entry"]["text"] for each in (one.said for one in silent_one.heard)] == [None, None]
        assert told.heard[0].said["data"]["entry"]["text"] == "The heron flies at night."
        assert told.heard[1].said["data"]["incident"]["resolution_note"] == "The heron has flown."


def test_for_a_day_both_secrets_are_valid(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    subscription = subscribed(ada, hook.url)
    former = secret_of(subscription.secret)
    rotate_secret(subscription, actor=ada.as_actor())
    add_comment(incident, "One.", actor=ana.as_actor())
    send()
    assert verified(hook.heard[0], subscription)
    assert Webhook(former).verify(hook.heard[0].body, dict(hook.heard[0].headers))
    Subscription.objects.update(former_until=timezone.now() - timedelta(seconds=1))
    add_comment(incident, "Two.", actor=ana.as_actor())
    send()
    assert verified(hook.heard[1], subscription)
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(hook.heard[1].body, dict(hook.heard[1].headers))


def test_a_secret_that_cannot_be_read_switches_it_off(ada: User, ana: User, incident: Incident, settings: Any) -> None:
    subscription = subscribed(ada)
    add_comment(incident, "One.", actor=ana.as_actor())
    settings.SECRET_KEY = "another key of which nobody knows anything"
    send()
    subscription.refresh_from_db()
    assert "cannot be read" in subscription.stopped_because
    assert states(subscription) == ["waiting"]


# --- by the rights of the moment --------------------------------------------------------------------------------


def test_what_was_restricted_meanwhile_is_withheld(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    subscription = subscribed(ada, hook.url)
    add_comment(incident, "One.", actor=ana.as_actor())
    restrict(incident, [ana], actor=ana.as_actor())
    send()
    assert hook.heard == []
    delivery = Delivery.objects.get(subscription=subscription)
    assert delivery.state == DeliveryState.WITHHELD and "may not see the incident now" in delivery.problem
    assert not is_anything_due(timezone.now())


def test_who_is_no_longer_named_or_has_left_has_nothing_sent(
    ada: User, lee: User, ana: User, incident: Incident, hook: Receiver
) -> None:
    named, left = subscribed(lee, hook.url, with_restricted=True), subscribed(ada, hook.url)
    add_comment(incident, "Seen by all.", actor=ana.as_actor())
    restrict(incident, [lee], actor=lee.as_actor())
    incident.members.all().delete()
    person("max", "Max Orlov", "admin")  # somebody is left who manages people
    deactivate(ada, actor=SYSTEM)
    send()
    assert hook.heard == []
    assert set(states(named) + states(left)) == {"withheld"}


def test_an_incident_that_it_may_not_know_is_not_named(ada: User, lee: User, ana: User, hook: Receiver) -> None:
    """Its reader may see the related one; the webhook leaves restricted ones out."""
    ada.role.permissions = [*ada.role.permissions, str(Permission.SEE_RESTRICTED)]
    ada.role.save()
    old, new = opened(alert("old")), opened(alert("new", title="Other"))
    restrict(old, [lee], actor=lee.as_actor())
    Incident.objects.filter(pk=new.pk).update(related_to=old)
    subscribed(ada, hook.url)
    subscribed(ada, hook.url, with_restricted=True)
    add_comment(new, "One.", actor=ana.as_actor())
    send()
    assert sorted(each.said["data"]["incident"]["related_to"] or 0 for each in hook.heard) == [0, old.pk]


def test_whoever_points_it_elsewhere_lends_it_their_own_eyes(
    ada: User, lee: User, ana: User, incident: Incident, hook: Receiver
) -> None:
    """An administrator who may not see restricted ones cannot have them sent by changing another's webhook."""
    subscription = subscribed(lee, "https://hooks.example/", with_restricted=True)
    restrict(incident, [lee], actor=lee.as_actor())
    wanted = values(hook.url, with_restricted=True)
    change_subscription(subscription, wanted, reader=ada, based_on=1, actor=ada.as_actor())
    send()
    assert hook.heard == [] and states(subscription) == ["withheld"]


# --- again and again ----------------------------------------------------------------------------------------


def test_what_was_not_taken_is_sent_again_under_the_same_id(ada: User, ana: User, incident: Incident) -> None:
    with receiver(500, 503, 200) as flaky:
        subscription = subscribed(ada, flaky.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        send()
        delivery = Delivery.objects.get()
        wait = (delivery.due_at - timezone.now()).total_seconds()
        assert (delivery.state, delivery.tries, delivery.problem) == ("waiting", 1, "It answered 500.")
        assert 3.5 < wait < 6.5
        send()
        assert len(flaky.heard) == 1  # it is not due yet
        for _ in range(2):
            at_once()
            send()
        assert states(subscription) == ["delivered"]
        assert len({each.id for each in flaky.heard}) == 1 and len(flaky.heard) == 3
        assert all(verified(each, subscription) for each in flaky.heard)
        assert list(Try.objects.order_by("pk").values_list("status", flat=True)) == [500, 503, 200]
        assert Standing.objects.get().failures == 0


def test_the_pauses_come_to_about_a_day() -> None:
    even = [rules.pause(number, lambda: 0.5).total_seconds() for number in range(1, 11)]
    assert even[:5] == [5, 20, 80, 320, 1_280] and max(even) == 6 * 3_600
    assert 24 * 3_600 < sum(even) < 30 * 3_600
    spread = {rules.pause(3, lambda chance=chance: chance).total_seconds() for chance in (0.0, 0.5, 1.0)}
    assert spread == {64.0, 80.0, 96.0}
    assert rules.pause(10_000, lambda: 0.5).total_seconds() == 6 * 3_600


def test_after_a_day_it_is_given_up_and_can_be_sent_again(ada: User, ana: User, incident: Incident) -> None:
    with receiver(500, 500, 200) as flaky:
        subscription = subscribed(ada, flaky.url)
        for words in ("One.", "Two."):
            add_comment(incident, words, actor=ana.as_actor())
        Delivery.objects.update(begun_at=timezone.now() - timedelta(hours=24))
        send()
        assert states(subscription) == ["given_up"] * 2
        assert replay_failed(subscription, principal=ada, actor=ada.as_actor()) == 2
        send()
        assert states(subscription) == ["delivered"] * 2
        ids = [each.id for each in flaky.heard]
        assert ids[:2] == ids[2:]
        replay(Delivery.objects.order_by("pk")[0], actor=ada.as_actor())
        send()
        assert flaky.heard[-1].id == ids[0]
    verbs = Entry.objects.filter(verb="webhook.replayed").order_by("pk")
    assert [each.facts["counted"] for each in verbs] == ["2 messages", "1 message"]


def test_what_waits_behind_a_receiver_that_is_away_is_given_up_after_a_day(
    ada: User, ana: User, incident: Incident
) -> None:
    subscription = subscribed(ada)
    add_comment(incident, "One.", actor=ana.as_actor())
    switch_subscription(subscription, is_on=False, actor=ada.as_actor())
    give_up_old(timezone.now() + timedelta(hours=24))
    assert states(subscription) == ["waiting"]
    give_up_old(timezone.now() + timedelta(hours=26))
    assert states(subscription) == ["given_up"]
    forget_old(timezone.now() + timedelta(days=29))
    assert states(subscription) == ["given_up"]
    forget_old(timezone.now() + timedelta(days=33))
    assert states(subscription) == []


def test_of_one_incident_they_come_in_order(ada: User, ana: User, incident: Incident) -> None:
    """While an earlier one is tried again, later ones of its incident wait; those of others do not. A receiver that
    chokes on one message hears of the rest after some minutes."""
    other = opened(alert("other", title="Other"))
    with receiver(500, 200) as flaky:
        subscription = subscribed(ada, flaky.url)
        add_comment(incident, "First.", actor=ana.as_actor())
        change_tags(incident, add=["second"], actor=ana.as_actor())
        add_comment(other, "Elsewhere.", actor=ana.as_actor())
        send()
        assert [each.said["data"]["incident"]["number"] for each in flaky.heard][:2] == [incident.pk, other.pk]
        assert states(subscription)[0] in ("waiting", "delivered")
        send()
        at_once()
        send()
    of_it = [each.said["type"] for each in flaky.heard if each.said["data"]["incident"]["number"] == incident.pk]
    assert of_it == ["comment.added", "comment.added", "incident.tags_changed"]
    first = Delivery.objects.order_by("pk")[0]
    Delivery.objects.update(state=DeliveryState.WAITING, due_at=timezone.now() + timedelta(hours=1))
    Delivery.objects.filter(pk=first.pk).update(tries=rules.HOLDS_BACK)
    Delivery.objects.exclude(pk=first.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    assert is_anything_due(timezone.now())
    Delivery.objects.filter(pk=first.pk).update(tries=rules.HOLDS_BACK - 1)
    Delivery.objects.filter(incident=other).delete()
    assert not is_anything_due(timezone.now())


def test_a_test_is_sent_at_once_whatever_waits(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    subscription = subscribed(ada, hook.url)
    add_comment(incident, "One.", actor=ana.as_actor())
    Standing.objects.update(rests_until=timezone.now() + timedelta(hours=1), failures=5)
    send_test(subscription, actor=ada.as_actor())
    send()
    assert hook.types == ["webhook.test", "comment.added"]
    assert verified(hook.heard[0], subscription)["data"] == {"webhook": "SOAR"}


# --- receivers that are away ----------------------------------------------------------------------------------------


def test_a_redirect_leads_nowhere(ada: User, ana: User, incident: Incident) -> None:
    with receiver() as canary, receiver(redirecting(canary.url)) as first:
        subscription = subscribed(ada, first.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        send()
        assert canary.heard == []
        assert "redirects are not followed" in Delivery.objects.get(subscription=subscription).problem


def test_nothing_is_sent_to_addresses_of_this_machine_by_itself(
    ada: User, ana: User, incident: Incident, hook: Receiver, settings: Any
) -> None:
    subscription = subscribed(ada, f"http://localhost:{hook.port}/")
    settings.WEBHOOK_NETWORKS = ()
    add_comment(incident, "One.", actor=ana.as_actor())
    send()
    settings.WEBHOOK_HTTP = False
    at_once()
    send()
    assert hook.heard == [] and states(subscription) == ["waiting"]
    problems = list(Try.objects.order_by("pk").values_list("problem", flat=True))
    assert "loopback" in problems[0] and "https" in problems[1]


def test_a_black_hole_holds_no_other_up(
    ada: User, ana: User, incident: Incident, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "WHOLE_SECONDS", 3.0)
    over = threading.Event()
    with receiver(silent(over)) as hole:
        for number in range(4):
            subscribed(ada, hole.url, name=f"Hole {number}")
        good = subscribed(ada, hook.url)
        for number in range(5):
            add_comment(incident, f"{number}", actor=ana.as_actor())
        began = time.monotonic()
        send()
        took = time.monotonic() - began
        over.set()
    assert states(good) == ["delivered"] * 5
    arrived = [each.began_at for each in Try.objects.filter(delivery__subscription=good)]
    assert (max(arrived) - min(arrived)).total_seconds() < 2.8
    assert took < 9.0


def test_a_receiver_that_fails_rests_and_comes_back_in_order(ada: User, ana: User) -> None:
    incidents = [opened(alert(f"{number}", title=f"Number {number}")) for number in range(6)]
    with receiver(500, 500, 500, 200) as flaky:
        subscription = subscribed(ada, flaky.url)
        for each in incidents:
            add_comment(each, "One.", actor=ana.as_actor())
        send()
        standing = Standing.objects.get()
        assert len(flaky.heard) == rules.RESTS_AFTER == standing.failures
        assert standing.rests_until and 60 < (standing.rests_until - timezone.now()).total_seconds() < 100
        Standing.objects.update(rests_until=timezone.now())
        send()
        assert states(subscription) == ["delivered"] * 6
        after = [each.said["data"]["incident"]["number"] for each in flaky.heard[3:]]
    assert after[0] == incidents[3].pk  # it is the one that was due
    assert after[1:] == [incidents[number].pk for number in (0, 1, 2, 4, 5)]


def test_a_receiver_may_ask_for_a_pause(ada: User, ana: User, incident: Incident) -> None:
    def busy(handler: Any) -> None:
        handler.send_response(429)
        handler.send_header("retry-after", "120")
        handler.end_headers()

    with receiver(busy) as asking:
        subscribed(ada, asking.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        send()
    rests_until = Standing.objects.get().rests_until
    assert rests_until and 115 < (rests_until - timezone.now()).total_seconds() <= 120


def test_after_days_of_failing_it_is_switched_off(ada: User, ana: User, incident: Incident) -> None:
    with receiver(500) as broken:
        subscription = subscribed(ada, broken.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        Standing.objects.update(failing_since=timezone.now() - timedelta(days=2, hours=23), failures=9)
        send()
        subscription.refresh_from_db()
        assert subscription.is_on
        Standing.objects.update(failing_since=timezone.now() - timedelta(days=3))
        at_once()
        send()
    subscription.refresh_from_db()
    assert not subscription.is_on and "nothing could be delivered for 3 days" in subscription.stopped_because
    entry = Entry.objects.get(verb="webhook.switched_off")
    assert (entry.actor_label, entry.change_of("is_on")["new"]) == ("Watchfloor", False)  # type: ignore[index]
    assert "It answered 500" in entry.facts["because"]


def test_who_answers_gone_is_not_asked_again(ada: User, ana: User, incident: Incident) -> None:
    with receiver(410) as gone:
        subscription = subscribed(ada, gone.url)
        add_comment(incident, "One.", actor=ana.as_actor())
        add_comment(incident, "Two.", actor=ana.as_actor())
        send()
        at_once()
        send()
        assert len(gone.heard) == 1
    subscription.refresh_from_db()
    assert "410" in subscription.stopped_because


def test_a_deleted_one_is_sent_nothing_more(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    subscription = subscribed(ada, hook.url)
    add_comment(incident, "One.", actor=ana.as_actor())
    delete_subscription(subscription, actor=ada.as_actor())
    send()
    assert hook.heard == [] and states(subscription) == ["given_up"]


# --- whoever dies ----------------------------------------------------------------------------------------


def test_a_message_that_was_sent_and_not_noted_is_sent_again(
    ada: User, ana: User, incident: Incident, hook: Receiver
) -> None:
    """A worker dies between the two: the lease runs out, and the receiver knows the message by its id."""
    subscribed(ada, hook.url)
    add_comment(incident, "One.", actor=ana.as_actor())
    (lost,) = claim(10)
    assert claim(10) == [] and not is_anything_due(timezone.now())
    Standing.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    (taken_over,) = claim(10)
    assert taken_over.delivery == lost.delivery
    note(lost, timezone.now(), Outcome(5, None, problem="The connection was cut."))
    assert Standing.objects.get().leased_until is not None  # it is the other one's
    note(taken_over, timezone.now(), Outcome(5, 200))
    note(lost, timezone.now(), Outcome(5, 200))
    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert Standing.objects.get().leased_until is None


def worker(gate: int, *, dies: bool = False) -> int:
    """A process of its own, with its own connection, that sends what is due when the gate opens; its number. With
    `dies` it is killed when its receiver has heard, before it can note that."""
    number = os.fork()
    if number:
        return number
    try:
        connections.settings["default"]["NAME"] = connections["default"].settings_dict["NAME"]
        del connections["default"]  # the other end of the one it came with belongs to the test
        os.read(gate, 1)
        if dies:
            sent = delivering.post
            delivering.post = lambda *all: (sent(*all), os.kill(os.getpid(), signal.SIGKILL))[0]  # type: ignore[misc]
        delivering.deliver_due(10.0)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def let_run(*, dies: int = 0, lives: int = 0) -> list[int]:
    """Start so many, open the gate to all of them at once, and wait for them; how each ended."""
    gate, opener = os.pipe()
    numbers = [worker(gate, dies=True) for _ in range(dies)] + [worker(gate) for _ in range(lives)]
    os.write(opener, b"." * len(numbers))
    ended = [os.waitpid(number, 0)[1] for number in numbers]
    os.close(gate)
    os.close(opener)
    return ended


@pytest.mark.django_db(transaction=True)
def test_killed_after_sending_and_two_at_once(ada: User, ana: User, incident: Incident, hook: Receiver) -> None:
    """One worker is killed between sending and noting; then three send at the same moment."""
    subscription = subscribed(ada, hook.url)
    add_comment(incident, "One.", actor=ana.as_actor())
    assert let_run(dies=1) == [signal.SIGKILL]
    assert len(hook.heard) == 1 and states(subscription) == ["waiting"] and not Try.objects.exists()
    assert not is_anything_due(timezone.now())
    assert is_anything_due(timezone.now() + LEASE + timedelta(seconds=1))
    Standing.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    for number in range(9):
        add_comment(incident, f"And {number}.", actor=ana.as_actor())
    assert let_run(lives=3) == [0, 0, 0]
    assert states(subscription) == ["delivered"] * 10
    ids = [each.id for each in hook.heard]
    assert ids[0] == ids[1] and len(ids) == 11
    assert ids[1:] == [each.message_id for each in Delivery.objects.order_by("pk")]
    assert Try.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_a_change_wakes_a_worker(
    ada: User, ana: User, incident: Incident, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.send_deliveries, "apply_async", lambda *_, **__: tasks.send_deliveries())
    subscribed(ada, hook.url)
    with transaction.atomic():
        add_comment(incident, "One.", actor=ana.as_actor())
        assert hook.heard == []
    assert hook.types == ["comment.added"]
    Delivery.objects.update(state=DeliveryState.WAITING)
    tasks.sweep_deliveries()
    assert hook.types == ["comment.added"] * 2
    assert json.loads(hook.heard[0].body)["data"] == json.loads(hook.heard[1].body)["data"]
