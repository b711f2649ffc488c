"""Long work as a row first: it survives browser, message and worker. A message only wakes somebody up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from celery.app.task import Task
from django.db import models
from django.utils import timezone
from kombu.exceptions import OperationalError

from common.redis_away import is_reachable
from common.terms import NamedTerms

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
"""How long a worker may be silent before another one takes the work up."""


class JobState(NamedTerms):
    """How far a job has come."""

    DRAFT = "draft", "Being prepared"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (JobState.QUEUED, JobState.RUNNING)
OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(models.Model):
    """What every kind of long work has in common; each kind is a table of its own."""

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    problem = models.TextField(blank=True)
    """Why it failed, in words for the person who asked."""
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    """A worker that holds it says until when; a later sweep takes it up again."""

    class Meta:
        abstract = True

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    def end(self, state: JobState, problem: str = "") -> None:
        """It goes on no further; not saved yet."""
        self.state, self.problem, self.finished_at, self.leased_until = state, problem, timezone.now(), None

    def hold(self) -> None:
        """Somebody is at it, for the time of a lease; not saved yet."""
        self.state, self.leased_until = JobState.RUNNING, timezone.now() + LEASE


def unclaimed(kind: type[Job], now: datetime) -> list[Any]:
    """Jobs of a kind that wait for a worker, or whose worker has not been heard of."""
    rows = kind._default_manager.filter(state__in=UNFINISHED).order_by("created_at")
    return [pk for pk, until in rows.values_list("pk", "leased_until") if until is None or until < now]


def carry_on(step: Callable[[], bool], seconds: float) -> bool:
    """Do step by step for so long; whether something is left that is ours to go on with."""
    until = time.monotonic() + seconds
    while step():
        if time.monotonic() > until:
            return True
    return False


def wake_worker(task: Task, job: Any = None) -> None:
    """Send the message for a job, or for whatever there is to do; one that cannot be sent is sent by the next sweep.
    Who asked does not wait for a broker that does not answer."""
    try:
        if is_reachable():
            task.apply_async((str(job),) if job is not None else (), retry=False)
            return
    except OperationalError:
        pass
    logger.warning("The job %s of %s could not be announced; the sweep will do so.", job, task.name)
