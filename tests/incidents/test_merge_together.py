"""Merges that meet: each other, and alerts that come in at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from accounts.models import User
from activity.actors import COMMAND_LINE
from activity.chain import verify
from alerts.models import Alert
from common.errors import Refused
from incidents.choices import IncidentStatus
from incidents.commands import merge
from incidents.models import Incident
from incidents.summary import differences
from ingest.commands import ingest
from tests.conftest import alert, device, opened

pytestmark = pytest.mark.django_db(transaction=True)
REASON = "The same intruder."


def in_threads(*acts: Callable[[], object]) -> list[object]:
    """What came of each act, begun at the same moment on connections of their own."""
    barrier, outcomes = threading.Barrier(len(acts)), list[object]()

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            outcomes.append(act())
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def all_is_well() -> None:
    """Every alert is in an incident that is open, and rows say what alerts say."""
    assert not Alert.objects.filter(incident__status=IncidentStatus.REDIRECTED).exists()
    assert differences(list(Incident.objects.all())) == []
    assert not verify().breaks


def test_two_opposite_merges_do_not_deadlock(lee: User, ana: User) -> None:
    one, other = (opened(alert(name, entities=(device(name),))) for name in ("a", "b"))
    outcomes = in_threads(
        lambda: merge(one, [other], actor=lee.as_actor(), reason=REASON),
        lambda: merge(other, [one], actor=ana.as_actor(), reason=REASON),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(outcomes) == 2
    assert len(refused) == 1, outcomes
    assert "already" in refused[0].problem
    assert Incident.objects.filter(status=IncidentStatus.REDIRECTED).count() == 1
    all_is_well()


@pytest.mark.parametrize("sent_before", [False, True])
def test_an_alert_that_comes_during_a_merge_lands_in_the_target(lee: User, sent_before: bool) -> None:
    target = opened(alert("a", entities=(device("a"),)))
    source = opened(alert("b", entities=(device("b"),)))
    outcomes: list[object] = []
    coming = alert("b" if sent_before else "c", title="Beacon", entities=(device("b"),))

    def send() -> None:
        try:
            outcomes.append(ingest([coming], actor=COMMAND_LINE)[0].incident_id)
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    thread, patience = threading.Thread(target=send), threading.Event()
    with transaction.atomic():
        merge(target, [source], actor=lee.as_actor(), reason=REASON)
        thread.start()
        for _ in range(600):
            if somebody_waits():
                break
            patience.wait(0.05)
        else:
            pytest.fail("ingest never came to wait for the incident")
    thread.join(timeout=60)
    assert outcomes == [target.pk]
    assert Alert.objects.count() == (2 if sent_before else 3)
    all_is_well()
