"""One input, replayed: what happened at the same moment may come in any order, the incidents are the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.actors import COMMAND_LINE
from alerts.models import Alert
from incidents.models import Incident
from ingest.commands import ingest
from ingest.demo.scenario import arrivals
from ingest.formats.registry import parse_records
from ingest.management.commands.ingest import _chunks
from ingest.parsed import ParsedAlert
from tests.conftest import NOON, alert
from tests.ingest.guide import guide_alerts
from tests.ingest.real_data import parsed_file
from tests.ingest.test_correlation import HOUR, evidence

Told = dict[tuple[str, str], tuple[int, str, str]]


def told_of(chunks: Sequence[Sequence[ParsedAlert]]) -> tuple[Told, list[tuple[int, str, int]]]:
    """Of each alert: its incident, rule and reason; and all incidents. Everything is undone afterwards."""
    with transaction.atomic():
        first = Incident.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        for chunk in chunks:
            ingest(chunk, actor=COMMAND_LINE)
        order: dict[int, int] = {}
        told = {}
        rows = Alert.objects.select_related("incident").order_by("pk")
        for row in rows:
            place = order.setdefault(row.incident_id, len(order))
            reason = row.link_reason.split("incident ")[0]
            told[row.source, row.external_id] = place, row.link_rule, reason
        incidents = sorted(
            (order[pk], name, size)
            for pk, name, size in Incident.objects.filter(pk__gt=first).values_list("pk", "name", "alerts_total")
        )
        transaction.set_rollback(True)
    return told, incidents


def shuffled(alerts: Sequence[ParsedAlert], random: Random, moment: Callable[[ParsedAlert], datetime]) -> Any:
    """The same alerts, those of one moment in another order."""
    return [
        each
        for _, run in groupby(alerts, key=moment)
        for each in (lambda same: random.sample(same, len(same)))(list(run))
    ]


def assert_same_three_times(alerts: Sequence[ParsedAlert], moment: Callable[[ParsedAlert], datetime]) -> list[int]:
    """In chunks as the command line takes them in, and as they stand in the first replay; the incidents' sizes."""
    in_time = sorted(alerts, key=moment)
    told = None
    for seed in range(3):
        replay = shuffled(in_time, Random(seed), moment)
        chunks = [[each for each in chunk if isinstance(each, ParsedAlert)] for chunk in _chunks(iter(replay))]
        found = told_of(chunks)
        assert len(found[0]) == len({(each.source, each.external_id) for each in alerts})
        told = told or found
        assert found == told
    assert told
    return [size for _, _, size in told[1]]


def first_activity(each: ParsedAlert) -> datetime:
    return each.first_activity


def last_activity(each: ParsedAlert) -> datetime:
    return each.last_activity


@pytest.mark.django_db
@pytest.mark.parametrize("moment", [first_activity, last_activity])
@pytest.mark.parametrize(
    "name", ["suricata/wrccdc-2018.json", "suricata/first-org-conf-2015.json", "sentinel/alertlist.csv"]
)
def test_real_alerts_make_the_same_incidents_three_times(name: str, moment: Callable[[ParsedAlert], datetime]) -> None:
    assert_same_three_times([each for each in parsed_file(name) if isinstance(each, ParsedAlert)], moment)


@pytest.mark.django_db
def test_alerts_of_thousands_of_organisations_make_the_same_incidents_three_times() -> None:
    alerts = guide_alerts()
    sizes = assert_same_three_times(alerts, first_activity)
    assert len(sizes) < 0.8 * len(alerts), "few of them belong together"


@pytest.mark.django_db
def test_the_demo_makes_the_same_incidents_three_times() -> None:
    now = datetime.now(UTC)
    parsed = parse_records(((1, arrival.record) for arrival in arrivals(now)), now=now)
    assert_same_three_times([each for each in parsed if isinstance(each, ParsedAlert)], last_activity)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None)
@given(drawn=st.lists(st.lists(evidence, max_size=3), min_size=2, max_size=10), data=st.data())
def test_alerts_of_one_moment_are_grouped_alike_in_any_order(drawn: list[list[Any]], data: st.DataObject) -> None:
    alerts = [
        replace(alert(str(number), title=f"Alert {number}", at=NOON + (number // 4) * HOUR), evidence=tuple(pieces))
        for number, pieces in enumerate(drawn)
    ]
    other = data.draw(st.permutations(alerts))
    assert told_of([other]) == told_of([alerts])


def test_a_chunk_of_a_file_ends_where_a_moment_does() -> None:
    moments = [NOON] * 3 + [NOON + HOUR] * 600 + [NOON + 2 * HOUR] * 2
    chunks = list(_chunks(iter([alert(str(number), at=at) for number, at in enumerate(moments)])))
    assert [len(chunk) for chunk in chunks] == [603, 2]
    one_moment = [alert(str(number)) for number in range(2_100)]
    assert [len(chunk) for chunk in _chunks(iter(one_moment))] == [2_000, 100]
