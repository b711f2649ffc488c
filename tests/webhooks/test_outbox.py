"""Messages are written with the change they tell of: for whom, of what, of which incidents, at what cost."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.choices import Permission
from accounts.commands import create_token, deactivate
from accounts.models import Role, Team, User
from activity.actors import SYSTEM
from alerts.choices import Severity
from common.errors import Refused
from incidents.changes import Changes
from incidents.commands import (
    add_comment,
    apply_changes,
    break_glass,
    change_tags,
    lift_restriction,
    prepare_act,
    resolve,
    restrict,
    start_act,
    work_on,
)
from incidents.models import Incident
from tests.conftest import alert, device, opened, person
from tests.webhooks.subscribed import subscribed, values, written
from webhooks import listening
from webhooks.commands import change_subscription, delete_subscription, switch_subscription
from webhooks.models import Delivery, Subscription
from webhooks.reach import spelled_out


def test_it_is_told_of_what_it_asked_for(ada: User, ana: User, incident: Incident) -> None:
    status, both = subscribed(ada, groups=["status"]), subscribed(ada, groups=["comments", "status"])
    add_comment(incident, "Seen before.", actor=ana.as_actor())
    change_tags(incident, add=["vip"], actor=ana.as_actor())
    resolve(incident, actor=ana.as_actor(), note="Reimaged.")
    assert written(status) == ["incident.resolved"]
    assert written(both) == ["comment.added", "incident.resolved"]


def test_an_incident_that_is_opened_is_told_of_once(ada: User) -> None:
    subscription = subscribed(ada)
    incident = opened(alert("1", entities=(device("pc-1"),)), alert("2", entities=(device("pc-1"),)))
    assert written(subscription) == ["incident.opened"]
    assert Delivery.objects.get().incident_id == incident.pk


@pytest.fixture
def vip(incident: Incident, ana: User) -> Incident:
    """An incident whose tag is known."""
    change_tags(incident, add=["vip"], actor=ana.as_actor())
    return incident


def test_the_list_is_looked_at_as_the_change_leaves_it(ada: User, ana: User, vip: Incident) -> None:
    tagged, low = subscribed(ada, query="q=tag:vip"), subscribed(ada, query="severity=low")
    change_tags(vip, remove=["vip"], actor=ana.as_actor())
    apply_changes(vip, Changes(severity=Severity.LOW), actor=ana.as_actor())
    change_tags(vip, add=["vip"], actor=ana.as_actor())
    add_comment(vip, "Nothing more.", actor=ana.as_actor())
    assert written(low) == ["incident.severity_set", "incident.tags_changed", "comment.added"]
    assert written(tagged) == ["incident.tags_changed", "comment.added"]


def test_every_kind_of_filter_holds(ada: User, ana: User, vip: Incident) -> None:
    queries = {
        "tag=vip": True,
        "tag=vip&status=active": True,
        "status=resolved": False,
        "severity=high": True,
        "q=fin-ws-17": True,
        "q=tag:vip AND severity:high": True,
        "q=tag:vip -severity:high": False,
        "entity=fin-ws-17": True,
        "assignee=ana": False,
        "assignee=unassigned&category=impact": True,
        "last_activity=..2026-11-03": True,
        "last_activity=2027-01-01..": False,
        "number=" + str(vip.pk): True,
        "restricted=yes": False,
        "": True,
    }
    made = {query: subscribed(ada, query=query) for query in queries}
    add_comment(vip, "100 % {sure}", actor=ana.as_actor())
    assert {query: bool(written(each)) for query, each in made.items()} == queries


def test_what_a_link_leaves_unsaid_leaves_nothing_out(ada: User, ana: User, vip: Incident) -> None:
    """The queue would hide what is resolved; a webhook must hear of it. The kept query means the same in the queue."""
    link = "https://soc.example/incidents/?tag=vip&sort=-priority&columns=name&open=3"
    subscription = subscribed(ada, query=link)
    assert subscription.query == "tag=vip&status=any&severity=any&snoozed=any"
    resolve(vip, actor=ana.as_actor(), note="Done.")
    assert written(subscription) == ["incident.resolved"]
    assert spelled_out("q=status:active") == "q=status:active&severity=any&snoozed=any"
    assert spelled_out("?") == spelled_out("") == ""


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("tags=vip", "There is no key “tags”"),
        ("severity=hihg", "did you mean “high”"),
        ("assignee=nobody-known", "nobody-known"),
        ("q=tag:(", "q: "),
        ("tag=\x00", "NUL"),
        ("tag=" + "x" * 4_000, "at most 4,000"),
    ],
)
def test_a_list_that_means_nothing_is_refused(ada: User, query: str, words: str) -> None:
    with pytest.raises(Refused, match=words.replace("(", r"\(")) as refused:
        subscribed(ada, query=query)
    assert refused.value.field == "query"
    assert not Subscription.objects.exists()


def test_a_query_that_means_nothing_any_more_harms_nobody(
    ada: User, ana: User, rio: User, incident: Incident, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = subscribed(ada, query="assignee=rio"), subscribed(ada)
    User.objects.filter(pk=rio.pk).update(username="mario")
    listening.forget()
    with caplog.at_level(logging.WARNING):
        add_comment(incident, "Going on.", actor=ana.as_actor())
    assert written(sound) == ["comment.added"] and written(broken) == []
    assert "its query fails" in caplog.text


def test_a_query_that_fails_when_it_is_asked_costs_only_its_own_webhook(
    ada: User, ana: User, incident: Incident, caplog: pytest.LogCaptureFixture
) -> None:
    before, broken, after = subscribed(ada), subscribed(ada), subscribed(ada)
    failing = "SELECT id FROM incidents_incident WHERE id / 0 = 1"
    listening.remember(
        replace(each, incidents=failing) if each.subscription_id == broken.pk else each
        for each in listening.listeners()
    )
    with caplog.at_level(logging.ERROR):
        add_comment(incident, "Going on.", actor=ana.as_actor())
    listening.forget()
    assert written(before) == written(after) == ["comment.added"]
    assert written(broken) == []
    assert f"The webhook {broken.pk} is not told of the entries" in caplog.text


def test_it_falls_with_the_change(ada: User, ana: User, incident: Incident) -> None:
    subscription = subscribed(ada)
    with pytest.raises(RuntimeError), transaction.atomic():
        add_comment(incident, "Never said.", actor=ana.as_actor())
        assert written(subscription) == ["comment.added"]
        raise RuntimeError
    assert written(subscription) == []


# --- who sees what ---------------------------------------------------------------------------------------------------


def seers(**permissions: Any) -> Role:
    return Role.objects.create(slug="seers", name="Seers", permissions=[str(each) for each in Permission])


def test_nothing_of_restricted_incidents_is_written_by_itself(ada: User, lee: User, incident: Incident) -> None:
    """Not even to somebody who sees it: the webhook has to say so."""
    silent, said = subscribed(lee), subscribed(lee, with_restricted=True)
    stranger = subscribed(ada, with_restricted=True)
    restrict(incident, [lee], actor=lee.as_actor())
    add_comment(incident, "Between us.", actor=lee.as_actor())
    assert written(said) == ["incident.restricted", "comment.added"]
    assert written(silent) == written(stranger) == []
    lift_restriction(incident, actor=lee.as_actor())
    assert written(silent) == written(stranger) == ["incident.restriction_lifted"]


def test_a_role_that_sees_restricted_ones_is_told(ada: User, lee: User, incident: Incident) -> None:
    ada.role = seers()
    ada.save()
    subscription = subscribed(ada, with_restricted=True)
    restrict(incident, [lee], actor=lee.as_actor())
    assert written(subscription) == ["incident.restricted"]


def test_a_team_that_is_named_is_told(ana: User, lee: User, tier2: Team, incident: Incident) -> None:
    subscription = subscribed(ana, with_restricted=True)
    restrict(incident, [tier2], actor=lee.as_actor())
    assert written(subscription) == ["incident.restricted"]


def test_broken_glass_lets_no_machine_see(ana: User, lee: User, incident: Incident) -> None:
    restrict(incident, [ana], actor=ana.as_actor())
    subscription = subscribed(lee, with_restricted=True)
    break_glass(incident.pk, "Nobody answers", actor=lee.as_actor())
    assert Incident.objects.visible_to(lee).filter(pk=incident.pk).exists()
    add_comment(incident, "Between us.", actor=ana.as_actor())
    assert written(subscription) == []


def test_a_token_is_told_of_no_restricted_incident(lee: User, incident: Incident) -> None:
    token, _ = create_token("script", actor=SYSTEM, role="lead")
    subscription = subscribed(token, with_restricted=True)
    restrict(incident, [lee], actor=lee.as_actor())
    assert written(subscription) == []


def test_whoever_may_see_nothing_any_more_has_nothing_told(ada: User, ana: User, lee: User, incident: Incident) -> None:
    gone, other = subscribed(ada), subscribed(lee)
    person("max", "Max Orlov", "admin")  # somebody is left who manages people
    deactivate(ada, actor=SYSTEM)
    listening.forget()
    add_comment(incident, "Going on.", actor=ana.as_actor())
    assert written(gone) == [] and written(other) == ["comment.added"]


def test_off_and_deleted_ones_are_told_nothing(ada: User, ana: User, incident: Incident) -> None:
    off, gone = subscribed(ada), subscribed(ada)
    switch_subscription(off, is_on=False, actor=ada.as_actor())
    delete_subscription(gone, actor=ada.as_actor())
    add_comment(incident, "Unheard.", actor=ana.as_actor())
    assert not Delivery.objects.exists()
    switch_subscription(off, is_on=True, actor=ada.as_actor())
    add_comment(incident, "Heard.", actor=ana.as_actor())
    assert written(off) == ["comment.added"]


# --- what it costs ---------------------------------------------------------------------------------------------------


def of_webhooks(queries: CaptureQueriesContext) -> list[str]:
    return [each["sql"] for each in queries.captured_queries if "webhooks_" in each["sql"]]


def test_where_nobody_listens_a_change_asks_nothing(ana: User, incident: Incident) -> None:
    with CaptureQueriesContext(connection) as asked:
        add_comment(incident, "Alone.", actor=ana.as_actor())
        opened(alert("more"))
    assert of_webhooks(asked) == []


def test_what_is_known_is_asked_anew_after_a_second(monkeypatch: pytest.MonkeyPatch, ada: User) -> None:
    monkeypatch.setattr(listening, "KNOWN_SECONDS", 0.05)
    listening.remember([])
    Subscription.objects.create(name="By another process", address="https://x.example", groups=["status"], user=ada)
    assert listening.listeners() == ()
    time.sleep(0.06)
    assert len(listening.listeners()) == 1


def test_what_nobody_wants_to_hear_of_asks_nothing(ada: User, ana: User, incident: Incident) -> None:
    subscribed(ada, groups=["merges"])
    listening.listeners()
    with CaptureQueriesContext(connection) as asked:
        add_comment(incident, "Alone.", actor=ana.as_actor())
    assert of_webhooks(asked) == []


def test_all_entries_of_a_call_and_all_webhooks_are_one_statement(ada: User, lee: User, vip: Incident) -> None:
    first, second = subscribed(ada, query="severity=medium"), subscribed(ada, query="tag=vip")
    for number in range(5):
        opened(alert(f"lone-{number}", title=f"Alone {number}"))
    act = start_act(prepare_act(Incident.objects.all(), lee), Changes(add_tags=["wave"]), actor=lee.as_actor())
    Delivery.objects.all().delete()
    listening.listeners()
    with CaptureQueriesContext(connection) as asked:
        work_on(act.pk, actor=lee.as_actor())
    assert len(of_webhooks(asked)) == 1
    assert written(first) == ["incident.tags_changed"] * 5
    assert written(second) == ["incident.tags_changed"]
    assert list(Delivery.objects.order_by("pk").values_list("entry_id", flat=True)) == sorted(
        Delivery.objects.values_list("entry_id", flat=True)
    )


def test_a_changed_list_holds_at_once(ada: User, ana: User, incident: Incident) -> None:
    subscription = subscribed(ada, query="severity=low")
    add_comment(incident, "Unheard.", actor=ana.as_actor())
    change_subscription(subscription, values(query="severity=high"), reader=ada, based_on=1, actor=ada.as_actor())
    add_comment(incident, "Heard.", actor=ana.as_actor())
    assert written(subscription) == ["comment.added"]


def test_what_a_query_names_and_the_last_days_are_looked_up_anew(
    monkeypatch: pytest.MonkeyPatch, ada: User, ana: User, vip: Incident
) -> None:
    monkeypatch.setattr(listening, "COMPOSED_SECONDS", 0.0)
    subscription = subscribed(ada, query="last_activity=1d")
    Incident.objects.filter(pk=vip.pk).update(last_activity=timezone.now() - timedelta(hours=1))
    add_comment(vip, "Within a day.", actor=ana.as_actor())
    Incident.objects.filter(pk=vip.pk).update(last_activity=timezone.now() - timedelta(hours=30))
    add_comment(vip, "No more.", actor=ana.as_actor())
    assert written(subscription) == ["comment.added"]
