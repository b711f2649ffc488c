"""Trying a rule on stored alerts says exactly what the rule would do, and writes nothing but its own row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import COMMAND_LINE, SYSTEM
from activity.models import Entry
from alerts.choices import Severity
from alerts.models import Alert
from common.jobs import JobState, unclaimed
from incidents.commands import restrict
from incidents.models import Incident
from ingest import rulebook, tasks
from ingest.choices import TrialOf
from ingest.commands import carry_out, change_correlation_rule, ingest, start_trial
from ingest.correlation import SHIPPED, JoinRule
from ingest.models import Trial
from ingest.parsed import ParsedAlert
from tests.conftest import alert, device, user_entity
from tests.ingest.test_correlation import HOUR, inputs, naming

pytestmark = pytest.mark.django_db


def tried(rule: JoinRule, user: User, place: int | None = None, days: int = 7) -> Trial:
    at = rulebook.join_rules().position_of(rule.slug) if place is None else place
    values = rule.as_values() | {"place": at}
    trial = start_trial(TrialOf.CORRELATION, rule.slug, values, days=days, user=user)
    carry_out(trial.pk)
    return Trial.objects.get(pk=trial.pk)


def tried_tuning(conditions: dict[str, list[str]], user: User) -> Trial:
    trial = start_trial(TrialOf.TUNING, "", {"conditions": conditions}, days=7, user=user)
    carry_out(trial.pk)
    return Trial.objects.get(pk=trial.pk)


def together(alerts: list[ParsedAlert]) -> dict[int, set[str]]:
    """How the same alerts are grouped when they come in anew; undone afterwards."""
    with transaction.atomic():
        ingest([replace(each, external_id=f"again {each.external_id}") for each in alerts], actor=COMMAND_LINE)
        found: dict[int, set[str]] = {}
        rows = Alert.objects.filter(external_id__startswith="again ").values_list("incident_id", "external_id")
        for incident_id, external_id in rows:
            found.setdefault(incident_id, set()).add(external_id.removeprefix("again "))
        transaction.set_rollback(True)
    return found


def listed(trial: Trial, side: str) -> list[list[list[str]]]:
    """The changed groups of a trial, as external ids."""
    names = dict(Alert.objects.values_list("pk", "external_id"))
    return sorted(
        sorted(sorted(names[each] for each in incident["alerts"]) for incident in group[side])
        for group in trial.result["groups"]
    )


def changed(before: list[set[str]], after: list[set[str]], side: list[set[str]]) -> list[list[list[str]]]:
    """Which groups differ between two partitions, told without the help of what is tested."""
    clusters: list[set[str]] = []
    for each in [*before, *after]:
        merged = set(each).union(*(cluster for cluster in clusters if cluster & each))
        clusters = [cluster for cluster in clusters if not cluster & each] + [merged]
    return sorted(
        sorted(sorted(each) for each in side if each <= cluster)
        for cluster in clusters
        if not (cluster in before and cluster in after)
    )


RULES = [
    replace(SHIPPED["same_device"], is_on=False),
    replace(SHIPPED["same_device"], window=2 * HOUR, excluded_sources=("mail",)),
    replace(SHIPPED["same_user"], window=72 * HOUR, minimum_severity=Severity.HIGH),
    replace(SHIPPED["same_file"], excluded_entities=("invoice*",)),
    replace(SHIPPED["same_attacking_address"], window=48 * HOUR),
    replace(SHIPPED["same_source_incident"], is_on=False),
]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(alerts=inputs(), rule=st.sampled_from(RULES))
def test_what_a_trial_lists_is_what_the_rule_makes_of_the_same_alerts(
    lee: User, alerts: list[ParsedAlert], rule: JoinRule
) -> None:
    with transaction.atomic():
        before = list(together(alerts).values())
        ingest(alerts, actor=COMMAND_LINE)
        trial = tried(rule, lee)
        with transaction.atomic():
            place = SHIPPED.position_of(rule.slug)
            change_correlation_rule(rule, place, based_on=1, actor=SYSTEM)
            # What is stored stays out of it: the same alerts come in anew, a long time from here.
            far = timedelta(days=400)
            moved = [_later(each, far) for each in alerts]
            after = list(together(moved).values())
            transaction.set_rollback(True)
        assert (trial.result["before"], trial.result["after"]) == (len(before), len(after))
        assert listed(trial, "before") == changed(before, after, before)
        assert listed(trial, "after") == changed(before, after, after)
        transaction.set_rollback(True)


def _later(each: ParsedAlert, by: timedelta) -> ParsedAlert:
    return replace(
        each,
        source_incident=each.source_incident and f"later {each.source_incident}",
        first_activity=each.first_activity + by,
        last_activity=each.last_activity + by,
        evidence=tuple(
            replace(piece, event_time=piece.event_time + by if piece.event_time else None) for piece in each.evidence
        ),
    )


def test_a_trial_tells_joins_and_splits_and_changes_nothing(lee: User) -> None:
    alerts = [
        naming("1", device("ws-1")),
        naming("2", device("ws-1"), after=30 * HOUR),
        naming("3", user_entity("jo@contoso.example")),
    ]
    ingest(alerts, actor=COMMAND_LINE)
    entries, homes = Entry.objects.count(), dict(Alert.objects.values_list("external_id", "incident_id"))
    trial = tried(replace(SHIPPED["same_device"], window=48 * HOUR), lee)
    result = trial.result
    assert (trial.state, trial.done, trial.total) == (JobState.DONE, 3, 3)
    assert (result["before"], result["after"], result["joined"], result["split"]) == (3, 2, 1, 0)
    assert [each["size"] for each in result["groups"][0]["before"]] == [1, 1]
    assert [each["size"] for each in result["groups"][0]["after"]] == [2]
    assert result["groups"][0]["after"][0]["incidents"] == [homes["1"], homes["2"]]
    assert (Entry.objects.count(), dict(Alert.objects.values_list("external_id", "incident_id"))) == (entries, homes)


def test_another_order_is_tried_as_well(lee: User) -> None:
    jo = user_entity("jo@contoso.example")
    ingest([naming("1", device("ws-1")), naming("2", jo, after=HOUR), naming("3", device("ws-1"), jo, after=2 * HOUR)],
           actor=COMMAND_LINE)  # fmt: skip
    trial = tried(SHIPPED["same_user"], lee, place=1)
    assert (trial.result["before"], trial.result["after"], trial.result["regrouped"]) == (2, 2, 1)


def test_what_the_person_may_not_see_is_not_in_it(lee: User, ana: User) -> None:
    ingest([naming("1", device("ws-1")), naming("2", device("ws-1"))], actor=COMMAND_LINE)
    restrict(Incident.objects.get(), [ana], actor=ana.as_actor())
    assert tried(replace(SHIPPED["same_device"], is_on=False), lee).result["alerts"] == 0


def test_only_the_days_asked_for_and_the_latest_alerts_are_gone_through(
    lee: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest([naming(str(number), device("ws-1")) for number in range(5)], actor=COMMAND_LINE)
    Alert.objects.filter(external_id="0").update(received_at=timezone.now() - timedelta(days=8))
    rule = replace(SHIPPED["same_device"], is_on=False)
    assert (tried(rule, lee).result["alerts"], tried(rule, lee, days=30).result["alerts"]) == (4, 5)
    monkeypatch.setattr("ingest.queries.history.MOST", 3)
    result = tried(rule, lee).result
    assert (result["alerts"], result["is_cut"]) == (3, True)


def test_a_tuning_trial_counts_what_the_rule_would_have_caught(lee: User) -> None:
    ingest(
        [
            alert("1", title="Scan", entities=(device("lab-1"),)),
            alert("2", title="Scan", entities=(device("ws-1"),), severity=Severity.LOW),
            alert("3", title="Beacon", entities=(device("ws-1"),)),
        ],
        actor=COMMAND_LINE,
    )
    result = tried_tuning({"title": ["scan"]}, lee).result
    assert (result["alerts"], result["caught"], result["incidents"], result["whole_incidents"]) == (3, 2, 2, 1)
    assert result["severities"] == {"medium": 1, "low": 1}
    caught = Alert.objects.filter(pk__in=result["listed"]).values_list("external_id", flat=True)
    assert set(caught) == {"1", "2"}


# --------------------------------------------------------------------------------------------------- as a job


def test_a_trial_that_nobody_took_up_is_swept_up_and_runs_once(lee: User, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = start_trial(TrialOf.TUNING, "", {"conditions": {"title": ["x"]}}, days=7, user=lee)
    assert unclaimed(Trial, timezone.now()) == []
    announced: list[Any] = []
    monkeypatch.setattr(tasks, "wake_worker", lambda task, number: announced.append(number))
    Trial.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_trials()
    assert announced == [trial.pk]
    tasks.run_trial(str(trial.pk))
    tasks.run_trial(str(trial.pk))
    assert Trial.objects.get().state == JobState.DONE
    assert unclaimed(Trial, timezone.now() + timedelta(days=1)) == []


def test_a_worker_leaves_alone_what_another_is_at_and_takes_over_when_it_is_silent(lee: User) -> None:
    trial = start_trial(TrialOf.TUNING, "", {"conditions": {"title": ["x"]}}, days=7, user=lee)
    Trial.objects.update(state=JobState.RUNNING, leased_until=timezone.now() + timedelta(seconds=20))
    carry_out(trial.pk)
    assert Trial.objects.get().state == JobState.RUNNING
    Trial.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    carry_out(trial.pk)
    assert Trial.objects.get().state == JobState.DONE


def test_who_may_no_longer_manage_rules_is_not_served(lee: User) -> None:
    trial = start_trial(TrialOf.TUNING, "", {"conditions": {"title": ["x"]}}, days=7, user=lee)
    lee.role.permissions = []
    lee.role.save()
    carry_out(trial.pk)
    assert Trial.objects.get().problem == "Lee Park may no longer manage rules."
