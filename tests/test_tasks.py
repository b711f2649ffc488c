"""Background work: every scheduled task exists, runs, and may run twice."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings

from incidents.models import Incident
from portal.celery import app
from tests.conftest import owner_connection


@pytest.fixture(autouse=True)
def _tasks_known() -> None:
    """A worker imports every app's tasks when it starts."""
    app.loader.import_default_modules()


def test_every_scheduled_task_is_known_to_the_worker() -> None:
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_every_scheduled_task_runs_and_may_run_twice(incident: Incident) -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        for _ in range(2):
            app.tasks[entry["task"]]()


def test_a_row_that_does_not_say_what_its_alerts_say_is_an_alarm(
    incident: Incident, caplog: pytest.LogCaptureFixture
) -> None:
    Incident.objects.filter(pk=incident.pk).update(alerts_active=1)
    with caplog.at_level(logging.ERROR):
        app.tasks["incidents.tasks.check_summaries"]()
    assert f"incident {incident.pk}: alerts_active says 1, its alerts say 2" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_log_that_was_touched_is_an_alarm(incident: Incident, caplog: pytest.LogCaptureFixture) -> None:
    with owner_connection() as connection:
        connection.execute("ALTER TABLE activity_entry DISABLE TRIGGER USER")
        connection.execute("UPDATE activity_entry SET actor_label = 'Somebody else'")
        connection.execute("ALTER TABLE activity_entry ENABLE TRIGGER USER")
    with caplog.at_level(logging.CRITICAL):
        app.tasks["activity.tasks.verify_chains"]()
    assert f"incident {incident.pk}, entry 1" in caplog.text
