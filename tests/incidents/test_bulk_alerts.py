"""All alerts that match a list, changed as one act: foretold exactly, done once each, taken back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team, User
from activity.chain import verify
from activity.models import Entry
from activity.snapshots import snapshot
from alerts.choices import AlertStatus, Classification, Determination
from alerts.models import Alert
from incidents.changes import KEEP, AlertChanges
from incidents.choices import IncidentStatus
from incidents.commands import assign_alerts, bulk, manage_alerts, prepare_act, restrict, start_act, work_on
from incidents.models import BulkAct, Incident
from incidents.queries.bulk_alerts import preview
from tests.conftest import alert, device, opened, person

SignIn = Callable[[User], Client]


def in_words(answer: Any) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


RESOLVED = AlertChanges(status=AlertStatus.RESOLVED, classification=Classification.FALSE_POSITIVE)


def with_alerts(name: str, number: int) -> Incident:
    return opened(
        *(alert(f"{name}-{each}", title=f"{name} {each}", entities=(device(name),)) for each in range(number))
    )


@pytest.fixture
def three(db: None) -> list[Incident]:
    return [with_alerts("one", 2), with_alerts("two", 1), with_alerts("secret", 3)]


def finish(act: BulkAct) -> dict[str, int]:
    while work_on(act.pk, actor=act.as_actor()):
        pass
    act.refresh_from_db()
    return act.counts


def test_all_that_match_are_previewed_changed_and_taken_back(
    three: list[Incident], ana: User, lee: User, sign_in: SignIn
) -> None:
    one, _, secret = three
    restrict(secret, [lee], actor=lee.as_actor())
    manage_alerts([one.alerts.all()[0].pk], RESOLVED, actor=lee.as_actor())
    client, everything = sign_in(ana), "status=any&severity=any"
    page = client.get(reverse("alerts:queue"), HTTP_HX_REQUEST="true")
    assert b"data-select-matching" not in page.content, "all stand on one page"
    assert client.get(f"{reverse('alert_acts:count_matching')}?{everything}&after=x").json() == {"total": 3}
    form = client.post(reverse("alert_acts:choose_many"), {"all": "1", "list": everything})
    assert "Manage 3 alerts" in in_words(form)
    assert "secret" not in in_words(form)
    draft = BulkAct.objects.get()
    sent = {"act": draft.pk, "status": "resolved", "classification": "false_positive/not_set"}
    said = in_words(client.post(reverse("alert_acts:preview_matching"), sent))
    assert "2 of 3 change, and 2 incidents are resolved with their last active alerts; 1 is already so." in said
    assert not Entry.objects.filter(batch=draft.pk).exists()
    asked = client.post(reverse("alert_acts:manage_matching"), sent | {"classification": "keep"})
    assert asked.status_code == 422
    assert "Resolve without a classification?" in in_words(asked)
    done = client.post(reverse("alert_acts:manage_matching"), sent, HTTP_HX_REQUEST="true")
    assert "Change of 3 alerts: 2 changed, 1 already so" in done["HX-Trigger"]
    assert set(Alert.objects.exclude(incident=secret).values_list("status", flat=True)) == {AlertStatus.RESOLVED}
    assert set(secret.alerts.values_list("status", flat=True)) == {AlertStatus.NEW}
    assert [Incident.objects.get(pk=each.pk).status for each in three] == [3, 3, 1]
    result = in_words(client.get(reverse("incidents:act", args=[draft.pk])))
    assert "two 0 Changed" in result
    assert "Status: resolved; classification: false positive" in result
    assert client.post(reverse("alert_acts:manage_matching"), sent).status_code == 302, "sent twice it is one act"
    undo = client.post(reverse("incidents:undo_act", args=[draft.pk]), HTTP_HX_REQUEST="true")
    assert "Undo on 2 incidents: 2 taken back" in undo["HX-Trigger"]
    assert Counter(Alert.objects.values_list("status", flat=True)) == {AlertStatus.NEW: 5, AlertStatus.RESOLVED: 1}
    assert [Incident.objects.get(pk=each.pk).status for each in three] == [1, 1, 1]
    assert all(verify(each.pk).breaks == () for each in three)
    assert sign_in(lee).get(reverse("alert_acts:manage_matching"), {"act": draft.pk}).status_code == 404


def test_a_stopped_worker_goes_on_and_what_others_changed_is_left(
    three: list[Incident], ana: User, lee: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 1)
    one, two, secret = three
    act = prepare_act(Alert.objects.visible_to(ana), ana)
    late = with_alerts("late", 1)
    changes = AlertChanges(assignee=ana, comment="One wave.")
    start_act(act, changes, actor=ana.as_actor(), seen=snapshot())
    assert work_on(act.pk, actor=act.as_actor())
    act.refresh_from_db()
    assert act.counts == {"changed": 2}, "a chunk holds alerts of one incident"
    restrict(secret, [lee], actor=lee.as_actor())
    assert finish(act) == {"changed": 3, "refused": 3}
    assert {entry.verb for entry in Entry.objects.of_incident(secret.pk).filter(batch=act.pk)} == set()
    said = Entry.objects.filter(verb="comment.added", batch=act.pk).values_list("incident", flat=True)
    assert sorted(said) == [one.pk, two.pk], "each incident is told once, however many chunks it takes"
    assert late.alerts.get().assignee_user is None


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_since_the_preview_is_left(three: list[Incident], ana: User, lee: User) -> None:
    seen = snapshot()
    mine, theirs = three[0].alerts.order_by("pk")
    assign_alerts(three[0], [theirs.pk], lee, actor=lee.as_actor())
    act = prepare_act(Alert.objects.filter(incident=three[0]), ana)
    start_act(act, AlertChanges(assignee=ana), actor=ana.as_actor(), seen=seen)
    assert finish(act) == {"changed": 1, "conflict": 1}
    assert act.items.get(outcome="conflict").reason == "Changed meanwhile: assignee by Lee Park (Lee Park)"
    assert act.items.get(outcome="changed").alert == mine


class _Undo(Exception):
    """Ends an example, and takes back what it wrote."""


WORDS = st.sampled_from(["", "ana", "team"])
STATES = st.tuples(st.integers(0, 2), st.sampled_from(list(AlertStatus)), WORDS, st.booleans())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    states=st.lists(STATES, min_size=1, max_size=6),
    status=st.sampled_from([None, *AlertStatus]),
    assignee=st.sampled_from([KEEP, "", "ana", "team"]),
    classification=st.sampled_from([None, Classification.NOT_SET, Classification.TRUE_POSITIVE]),
    restricted_to=WORDS,
)
def test_the_preview_is_what_happens(
    ana: User, lee: User, tier2: Team, states: list[Any], status: Any, assignee: Any, classification: Any,
    restricted_to: str,
) -> None:  # fmt: skip
    people: dict[Any, Any] = {KEEP: KEEP, "": None, "ana": ana, "team": tier2}
    changes = AlertChanges(status=status, assignee=people[assignee], classification=classification)
    if changes.is_empty():
        return
    with pytest.raises(_Undo), transaction.atomic():
        incidents = [
            with_alerts(name, max(1, sum(each[0] == index for each in states))) for index, name in enumerate("xyz")
        ]
        places = [list(each.alerts.order_by("pk")) for each in incidents]
        numbers = []
        for index, was, word, is_malware in states:
            one = places[index].pop()
            numbers.append(one.pk)
            finding = (Classification.TRUE_POSITIVE, Determination.MALWARE if is_malware else Determination.NOT_SET)
            manage_alerts([one.pk], AlertChanges(was, people[word], *finding), actor=lee.as_actor())
        if restricted_to:
            restrict(Incident.objects.get(pk=incidents[0].pk), [people[restricted_to], lee], actor=lee.as_actor())
        rows = Alert.objects.filter(pk__in=numbers)
        open_before = Incident.objects.filter(status__in=(1, 2)).count()
        found = preview(rows, changes, chosen=len(numbers))
        act = start_act(prepare_act(rows, lee), changes, actor=lee.as_actor(), seen=found.seen)
        told = {"changed": found.changed, "unchanged": found.unchanged, "refused": found.unseen}
        assert finish(act) == {outcome: count for outcome, count in told.items() if count}
        assert open_before - Incident.objects.filter(status__in=(1, 2)).count() == found.resolved
        assert preview(rows, changes, chosen=len(numbers)).changed == 0
        raise _Undo


def test_statements_of_a_chunk_do_not_grow_with_its_alerts(ana: User) -> None:
    counted = []
    for number in (3, 30):
        incident = with_alerts(f"n{number}", number)
        act = prepare_act(incident.alerts.all(), ana)
        start_act(act, AlertChanges(status=AlertStatus.IN_PROGRESS), actor=ana.as_actor())
        with CaptureQueriesContext(connection) as captured:
            work_on(act.pk, actor=act.as_actor())
        counted.append(len(captured))
    assert counted[0] == counted[1] < 30


def test_without_the_right_or_with_a_strange_list_nothing_is_fixed(three: list[Incident], sign_in: SignIn) -> None:
    client = sign_in(person("bea", "Bea", "analyst"))
    assert client.post(reverse("alert_acts:choose_many"), {"all": "1", "list": "colour=red"}).status_code == 404
    assert client.get(reverse("alert_acts:manage_matching"), {"act": UUID(int=9)}).status_code == 404
    assert client.get(reverse("alert_acts:manage_matching"), {"act": "x"}).status_code == 404
    assert not BulkAct.objects.exists()
    assert IncidentStatus(Incident.objects.order_by("pk")[0].status) == IncidentStatus.ACTIVE
