"""What the queue shows of an incident's alerts is what its alerts say, whatever was done in whatever order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from activity.actors import COMMAND_LINE
from activity.chain import verify
from alerts.choices import AlertStatus, Classification, Severity, Verdict
from common.errors import Refused
from incidents import summary
from incidents.choices import IncidentStatus
from incidents.commands import (
    assign,
    change_tags,
    classify,
    rename,
    reopen,
    resolve,
    restrict,
    set_alert_status,
    set_severity,
    unassign,
    use_automatic_name,
    use_automatic_severity,
)
from incidents.models import Incident
from incidents.tasks import check_summaries
from ingest.commands import ingest
from tests.conftest import NOON, alert, device, user_entity

ALERTS = st.builds(
    alert,
    st.integers(1, 12).map(str),
    title=st.sampled_from(["Beacon", "Phish", "Spray"]),
    severity=st.sampled_from(Severity),
    status=st.sampled_from([AlertStatus.NEW, AlertStatus.NEW, AlertStatus.RESOLVED]),
    at=st.integers(0, 72).map(lambda hours: NOON + timedelta(hours=hours)),
    lasting=st.integers(0, 5).map(lambda hours: timedelta(hours=hours)),
    entities=st.lists(
        st.sampled_from([device("a"), device("b"), device("c"), user_entity("u@x.y")]), max_size=3, unique_by=id
    ).map(tuple),
    verdict=st.sampled_from(Verdict),
    source=st.sampled_from(["edr", "mail"]),
    service_source=st.sampled_from(["", "Endpoint sensor", "Mail gateway"]),
    categories=st.lists(st.sampled_from(["execution", "impact", "odd"]), max_size=2, unique=True).map(tuple),
    tags=st.lists(st.sampled_from(["a", "A", "b"]), max_size=2).map(tuple),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ingest"), st.lists(ALERTS, min_size=1, max_size=4)),
        st.tuples(
            st.sampled_from(
                ["resolve", "reopen", "rename", "automatic", "severity", "tags", "untag", "assign", "unassign",
                 "classify", "restrict", "alerts"]
            ),
            st.integers(0, 30),
        ),
    ),
    min_size=1,
    max_size=10,
)  # fmt: skip


def do(step: str, value: Any, ana: User) -> None:
    actor = ana.as_actor()
    if step == "ingest":
        ingest(value, actor=COMMAND_LINE)
        return
    incidents = list(Incident.objects.order_by("pk"))
    if not incidents:
        return
    incident = incidents[value % len(incidents)]
    match step:
        case "resolve":
            resolve(incident, actor=actor, note="Done")
        case "reopen":
            reopen(incident, actor=actor)
        case "rename":
            rename(incident, f"Name {value}", actor=actor)
        case "automatic":
            use_automatic_name(incident, actor=actor)
            use_automatic_severity(incident, actor=actor)
        case "severity":
            set_severity(incident, list(Severity)[value % 4], actor=actor)
        case "tags":
            change_tags(incident, add=[f"t{value % 3}"], actor=actor)
        case "untag":
            change_tags(incident, remove=["a", "t1"], actor=actor)
        case "assign":
            assign(incident, ana, actor=actor)
        case "unassign":
            unassign(incident, actor=actor)
        case "classify":
            classify(incident, list(Classification)[value % 4], actor=actor)
        case "restrict":
            restrict(incident, [ana], actor=actor)
        case "alerts":
            ids = list(incident.alerts.values_list("pk", flat=True))[: value % 3]
            set_alert_status(incident, ids, list(AlertStatus)[value % 3], actor=actor)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_the_rows_say_what_the_alerts_say(ana: User, steps: list[tuple[str, Any]]) -> None:
    for step, value in steps:
        try:
            do(step, value, ana)
        except Refused:
            continue
    incidents = list(Incident.objects.all())
    assert summary.differences(incidents) == []
    for incident in incidents:
        assert incident.alerts_total > 0
        if not incident.name_is_manual:
            assert incident.name == incident.automatic_name
        if not incident.severity_is_manual:
            assert incident.severity == incident.automatic_severity
        if incident.status == IncidentStatus.RESOLVED:
            assert incident.resolution_note
    assert verify().breaks == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"alerts_total": 7},
        {"alerts_active": 1},
        {"automatic_severity": 1},
        {"service_sources": []},
        {"categories": ["impact"]},
        {"asset_counts": {"device": 2}},
        {"tag_ids": [99]},
        {"automatic_name": "Something else"},
        {"last_activity": NOON - timedelta(days=1)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_checker_finds_what_is_wrong(incident: Incident, wrong: dict[str, Any]) -> None:
    Incident.objects.filter(pk=incident.pk).update(**wrong)
    (found,) = summary.differences([Incident.objects.get(pk=incident.pk)])
    assert found.startswith(f"incident {incident.pk}: {next(iter(wrong))} says")


def test_the_nightly_check_raises_an_alarm(incident: Incident, caplog: pytest.LogCaptureFixture) -> None:
    check_summaries()
    assert not caplog.records
    Incident.objects.filter(pk=incident.pk).update(alerts_total=7)
    check_summaries()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "alerts_total says 7" in caplog.text
